"""The contract of a store, over each kind of it."""

from pathlib import Path

import pytest

from orchestrator.errors import RunFolderError, StoreError
from orchestrator.storage.objects import ObjectStore, open_store
from orchestrator.storage.patience import Patience
from orchestrator.storage.uri import parse_uri


def test_what_is_written_is_read(store: ObjectStore) -> None:
    store.write("a/b.json", b"{}")
    assert store.read("a/b.json") == b"{}"
    store.write("a/b.json", b"[1]")
    assert store.read("a/b.json") == b"[1]"


def test_a_file_goes_there_and_back_unchanged(store: ObjectStore, tmp_path: Path) -> None:
    source, target = tmp_path / "source.bin", tmp_path / "deep" / "target.bin"
    source.write_bytes(bytes(range(256)) * 40_000)  # more than one part of a copy
    store.put(source, "x/y.bin")
    store.get("x/y.bin", target)
    assert target.read_bytes() == source.read_bytes()


def test_a_listing_is_relative_and_as_deep_as_asked(store: ObjectStore) -> None:
    for name in ("top.txt", "a/one.txt", "a/b/two.txt"):
        store.write(name, b"12345")
    assert store.list().keys() == {"top.txt", "a/one.txt", "a/b/two.txt"}
    assert store.list("a").keys() == {"a/one.txt", "a/b/two.txt"}
    assert store.list("a", is_deep=False).keys() == {"a/one.txt"}
    assert store.list("", is_deep=False)["top.txt"].size_bytes == 5
    assert store.list("nothing") == {}


def test_what_is_deleted_is_gone_and_may_be_deleted_again(store: ObjectStore) -> None:
    store.write("a.txt", b"")
    store.delete("a.txt")
    store.delete("a.txt")
    assert store.list() == {}


def test_a_file_that_is_not_there_is_told_at_once(store: ObjectStore, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        store.read("missing")
    with pytest.raises(FileNotFoundError):
        store.get("missing", tmp_path / "missing")
    assert not (tmp_path / "missing").exists()


def test_a_torn_upload_to_a_disk_is_not_listed(tmp_path: Path) -> None:
    store = open_store(parse_uri(f"file://{tmp_path}"), Patience(0))
    (tmp_path / "state.safetensors.part").write_bytes(b"half")
    assert store.list() == {}


def test_the_listing_of_another_folder_is_left_out(uri: str) -> None:
    parsed = parse_uri(uri)
    near = open_store(parse_uri(f"{uri}-other"), Patience(0))
    near.write("a.txt", b"")
    assert open_store(parsed, Patience(0)).list() == {}


def test_a_store_that_can_be_used_passes_the_probe(store: ObjectStore) -> None:
    store.probe()


def test_a_bucket_that_is_missing_is_named(s3_endpoint: str) -> None:
    with pytest.raises(RunFolderError, match=r"s3://nowhere/run: there is no bucket 'nowhere'"):
        open_store(parse_uri("s3://nowhere/run")).probe()


class Refusing:
    """A file system that answers with an error, which quotes more than is fit to print."""

    type_name = "s3"

    def __init__(self, code: str) -> None:
        self._code = code

    def get_file_info(self, paths: object) -> None:
        raise OSError(f"AWS Error {self._code} during HeadBucket operation: for hidden")


@pytest.mark.parametrize("code", ["ACCESS_DENIED", "INVALID_ACCESS_KEY_ID"])
def test_a_refusal_is_told_in_words_without_what_it_quotes(code: str) -> None:
    store = ObjectStore(Refusing(code), "b/run", uri="s3://b/run", patience=Patience(60))
    with pytest.raises(RunFolderError, match=code.lower().replace("_", " ")) as error:
        store.probe()
    assert "credentials come from the environment" in str(error.value)
    assert "hidden" not in str(error.value)


def test_a_server_that_is_gone_is_given_up_with_its_name(
    monkeypatch: pytest.MonkeyPatch, s3_endpoint: str
) -> None:
    uri = "s3://sweeps/run?endpoint_override=127.0.0.1:9&scheme=http"
    with pytest.raises(StoreError, match=r"s3://sweeps/run\?.*: network connection \(tried for 0"):
        open_store(parse_uri(uri), Patience(0)).read("sweep.yaml")


def test_the_endpoint_of_the_uri_goes_before_that_of_the_environment(
    s3_endpoint: str, s3_uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = s3_endpoint.removeprefix("http://")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    store = open_store(parse_uri(f"{s3_uri}?endpoint_override={place}&scheme=http"), Patience(0))
    store.write("a", b"1")
    assert store.read("a") == b"1"
