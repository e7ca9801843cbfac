"""What one node sees of itself: plain data, from the standard library alone.

It is sent to the nodes by value, so that it also runs where this project is missing or another.
"""

import os
import platform
import shutil
import subprocess
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from time import time
from typing import Any

PACKAGES = ("ray", "torch", "gan-orchestrator")
_TORCH_TIMEOUT_S = 60
_COUNT_GPUS = "import torch; print(torch.cuda.device_count())"


def examine(*, has_gpus: bool, run_folder: str | None, stamp: str | None) -> dict[str, Any]:
    """Look around.

    Args:
        has_gpus: whether the node says that it has GPUs: then torch is asked.
        run_folder: where trials are to write.
        stamp: name of a file that the driver has put there, with its own name as content.

    Returns:
        The fields of :class:`cluster.doctor.judge.NodeReport`.
    """
    return {
        "python": platform.python_version(),
        "versions": {name: _version(name) for name in PACKAGES},
        "gpus_seen": _gpus_seen() if has_gpus else None,
        "free_temp_bytes": _free_bytes(tempfile.gettempdir()),
        "free_shm_bytes": _free_bytes("/dev/shm"),
        "auth_mode": os.environ.get("RAY_AUTH_MODE", "").lower(),
        "token_permissions": _token_permissions(),
        "folder_problem": None if run_folder is None else _folder_problem(Path(run_folder), stamp),
        "free_folder_bytes": None if run_folder is None else _free_bytes(run_folder),
    }


def clock() -> float:
    """Return seconds since 1970 as this node believes."""
    return time()


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _gpus_seen() -> int | None:
    """Ask torch in a child, which can be ended where a broken driver hangs; None without answer."""
    hidden = "CUDA_VISIBLE_DEVICES"  # which Ray empties for a task that asks for no GPU
    environment = {name: value for name, value in os.environ.items() if name != hidden}
    try:
        asked = subprocess.run(
            [sys.executable, "-c", _COUNT_GPUS],
            env=environment,
            capture_output=True,
            text=True,
            timeout=_TORCH_TIMEOUT_S,
            check=True,
        )
        return int(asked.stdout)
    except (subprocess.SubprocessError, OSError, ValueError):
        return None


def _free_bytes(folder: str) -> int | None:
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return None


def _token_permissions() -> int | None:
    usual = Path.home() / ".ray" / "auth_token"
    try:
        return Path(os.environ.get("RAY_AUTH_TOKEN_PATH") or usual).stat().st_mode & 0o777
    except OSError:
        return None


def _folder_problem(folder: Path, stamp: str | None) -> str | None:
    """Read what the driver wrote, and write for the driver to read; None if both went well."""
    try:
        if stamp is not None and (folder / stamp).read_text() != stamp:
            return "holds other content than the driver wrote there"
        handle, path = tempfile.mkstemp(prefix=".doctor-", dir=folder)
        with os.fdopen(handle, "w") as file:
            file.write("here")
            file.flush()
            os.fsync(file.fileno())
        was_read = Path(path).read_text() == "here"
        os.unlink(path)
    except FileNotFoundError:
        return "is not there, or is not the driver's folder"
    except OSError as error:
        return f"cannot be used ({error.strerror})"
    return None if was_read else "gives back other content than was written"
