"""A PostgreSQL server of a test's own, on a free port of the loopback interface."""

import os
import shutil
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

PASSWORD = "hunter2-not-printed"
_USER = "nobody"


@dataclass
class Server:
    """Can be stopped for a while, as a server that is down for maintenance."""

    folder: Path
    port: int

    @property
    def url(self) -> str:
        """Where it is, without the password."""
        return f"postgresql://ada@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        """Start it and wait until it answers."""
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -k {self.folder} -F"
        log = str(self.folder / "log")
        _as_nobody(
            "pg_ctl", "-D", str(self.folder / "data"), "-o", options, "-l", log, "-w", "start"
        )

    def stop(self) -> None:
        """Stop it at once, open connections or not."""
        _as_nobody("pg_ctl", "-D", str(self.folder / "data"), "-m", "immediate", "-w", "stop")


def make_server(folder: Path) -> Server:
    """Make a server's files; skips the test where that cannot be."""
    for program in ("initdb", "pg_ctl"):
        if shutil.which(program) is None:
            pytest.skip(f"no {program} on PATH")
    if os.geteuid() == 0 and shutil.which("setpriv") is None:
        pytest.skip("PostgreSQL does not run as root, and there is no setpriv")
    pytest.importorskip("psycopg", reason="psycopg is not installed")
    password = folder / "password"
    password.write_text(PASSWORD)
    if os.geteuid() == 0:
        shutil.chown(folder, _USER)
        shutil.chown(password, _USER)
    _as_nobody(
        "initdb", "-D", str(folder / "data"), "-U", "ada", "-A", "scram-sha-256", "-N",
        "--pwfile", str(password),
    )  # fmt: skip
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return Server(folder, port)


def _as_nobody(*command: str) -> None:
    prefix = []
    if os.geteuid() == 0:
        prefix = ["setpriv", f"--reuid={_USER}", "--regid=nogroup", "--clear-groups"]
    subprocess.run([*prefix, *command], check=True, capture_output=True, cwd="/", timeout=60)
