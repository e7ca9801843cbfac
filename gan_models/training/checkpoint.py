"""Checkpoints: the full state on disk, whole or not at all, verified when it is read.

A checkpoint is a folder with ``state.safetensors`` and ``checkpoint.json``; the latter holds the
progress, the configuration and the checksum of the former. A checkpoint that does not verify is
passed over for the one before.
"""

import hashlib
import json
import shutil
from pathlib import Path

from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.optim import Optimizer

from gan_models.config import GanConfig
from gan_models.errors import CheckpointError
from gan_models.files import whole_folder, write_json
from gan_models.training.state import TrainState

CHECKPOINT_VERSION = 1
_PREFIX = "checkpoint-"
_NUM_KEPT = 2  # the one before the last serves if the last is damaged


def save_checkpoint(folder: Path, state: TrainState, config: GanConfig) -> Path:
    """Write the state under ``folder`` and drop all but the last two; return its own folder."""
    path = folder / f"{_PREFIX}{state.nimg:012d}"
    with whole_folder(path) as draft:
        tensors = draft / "state.safetensors"
        save_file(_to_tensors(state), tensors)
        manifest = {
            "version": CHECKPOINT_VERSION,
            "nimg": state.nimg,
            "step": state.step,
            "config": config.to_params(),
            "sha256": file_sha256(tensors),
        }
        write_json(draft / "checkpoint.json", manifest)
    for old in _checkpoints(folder)[:-_NUM_KEPT]:
        shutil.rmtree(old)
    return path


def restore_latest(folder: Path, state: TrainState, config: GanConfig) -> bool:
    """Bring ``state`` to the latest checkpoint under ``folder`` that verifies.

    Returns:
        False if there is none to restore; the state is then untouched.

    Raises:
        CheckpointError: if a checkpoint is of another configuration.
    """
    for path in reversed(_checkpoints(folder)):
        manifest = _read_verified(path)
        if manifest is None:
            continue
        if manifest["config"] != config.to_params():
            raise CheckpointError(f"{path}: belongs to a run with other parameters")
        _from_tensors(state, load_file(path / "state.safetensors"))
        state.nimg, state.step = manifest["nimg"], manifest["step"]
        return True
    return False


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file's content in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _checkpoints(folder: Path) -> list[Path]:
    return sorted(folder.glob(f"{_PREFIX}*"))


def _read_verified(path: Path) -> dict | None:  # type: ignore[type-arg]
    try:
        manifest = json.loads((path / "checkpoint.json").read_text())
        verified = manifest["sha256"] == file_sha256(path / "state.safetensors")
    except (OSError, ValueError, KeyError):
        return None
    return manifest if verified and manifest["version"] == CHECKPOINT_VERSION else None


def _networks(state: TrainState) -> dict[str, nn.Module]:
    return {"generator": state.generator, "discriminator": state.discriminator, "ema": state.ema}


def _optimizers(state: TrainState) -> dict[str, Optimizer]:
    return {"g_optimizer": state.g_optimizer, "d_optimizer": state.d_optimizer}


def _to_tensors(state: TrainState) -> dict[str, Tensor]:
    tensors: dict[str, Tensor] = {}
    for owner, network in _networks(state).items():
        for name, tensor in network.state_dict().items():
            tensors[f"{owner}/{name}"] = tensor.detach().contiguous()
    for owner, optimizer in _optimizers(state).items():
        for index, moments in optimizer.state_dict()["state"].items():
            for name, tensor in moments.items():
                tensors[f"{owner}/{index}/{name}"] = tensor.detach().contiguous()
    return tensors


def _from_tensors(state: TrainState, tensors: dict[str, Tensor]) -> None:
    for owner, network in _networks(state).items():
        prefix = f"{owner}/"
        network.load_state_dict(
            {key[len(prefix) :]: tensors[key] for key in tensors if key.startswith(prefix)}
        )
    for owner, optimizer in _optimizers(state).items():
        moments: dict[int, dict[str, Tensor]] = {}
        for key, tensor in tensors.items():
            if key.startswith(f"{owner}/"):
                _, index, name = key.split("/")
                moments.setdefault(int(index), {})[name] = tensor
        optimizer.load_state_dict({**optimizer.state_dict(), "state": moments})
