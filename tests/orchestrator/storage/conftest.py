"""Stores to test against: a disk, and a server on loopback that speaks S3."""

import itertools
import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pyarrow import fs

from orchestrator.storage.objects import ObjectStore, open_store
from orchestrator.storage.patience import Patience
from orchestrator.storage.uri import parse_uri

ACCESS_KEY, SECRET_KEY = "AKIAFORTESTSONLY", "do-not-print-this-secret"
BUCKET = "sweeps"
_numbers = itertools.count()

MakeUri = Callable[[], str]


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    """Serve S3 on loopback, with one bucket; credentials stand in the environment."""
    pytest.importorskip("moto.server", reason="moto[server] is not installed")
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", ACCESS_KEY)
        patch.setenv("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        patch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        patch.setenv("AWS_REGION", "us-east-1")
        s3 = fs.S3FileSystem(
            endpoint_override=f"{host}:{port}", scheme="http", allow_bucket_creation=True
        )
        s3.create_dir(BUCKET)
        yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def s3_uri(s3_endpoint: str) -> str:
    """Return a folder in the bucket that no other test uses."""
    return f"s3://{BUCKET}/test-{next(_numbers)}/run"


@pytest.fixture(params=["file", "s3"])
def uri(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return a fresh folder in each kind of store."""
    if request.param == "file":
        return f"file://{tmp_path}/stored/run"
    return str(request.getfixturevalue("s3_uri"))


@pytest.fixture
def store(uri: str) -> ObjectStore:
    """Return an impatient store."""
    return open_store(parse_uri(uri), Patience(0))


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in a cache of the test's own, and be impatient."""
    monkeypatch.setenv("GANORCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("GANORCH_STORE_PATIENCE_S", "0.5")
