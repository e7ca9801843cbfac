"""A store over pyarrow's file systems: S3 and what speaks like it, Google Cloud Storage, a disk."""

import os
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

from pyarrow import fs

from gan_models.files import whole_file
from orchestrator.errors import RunFolderError
from orchestrator.storage.base import StoredFile
from orchestrator.storage.patience import Patience, default_patience, in_words, is_refusal
from orchestrator.storage.uri import StoreUri

_COPY_BYTES = 1 << 22
_CONNECT_S, _REQUEST_S, _ATTEMPTS = 5, 60, 2
_DRAFT_SUFFIX = ".part"  # where a file is not whole by itself

Result = TypeVar("Result")


class ObjectStore:
    """The files under one folder of a pyarrow file system.

    Args:
        filesystem: of pyarrow.
        folder: in it, bucket included.
        uri: how people name the folder.
        patience: for a store that does not answer.
    """

    def __init__(
        self, filesystem: fs.FileSystem, folder: str, *, uri: str, patience: Patience
    ) -> None:
        self._filesystem, self._folder, self._uri = filesystem, folder, uri
        self._patience = patience
        self._is_on_disk = filesystem.type_name in ("local", "subtree", "mock")

    @property
    def uri(self) -> str:
        """How people name the folder."""
        return self._uri

    def probe(self) -> None:
        """Look whether the bucket is there and answers."""
        if self._is_on_disk:
            return
        bucket = self._folder.partition("/")[0]
        try:
            is_there = self._filesystem.get_file_info(bucket).type is not fs.FileType.NotFound
        except OSError as error:
            if is_refusal(error):
                raise RunFolderError(
                    f"{self._uri}: refused ({in_words(error)}): credentials come from the "
                    "environment or the instance"
                ) from error
            self._insist(lambda: self._filesystem.get_file_info(bucket))
            return
        if not is_there:
            raise RunFolderError(f"{self._uri}: there is no bucket {bucket!r}, or it is not yours")

    def list(self, part: str = "", *, is_deep: bool = True) -> dict[str, StoredFile]:
        """Return the files in a folder by their names."""

        def look() -> list[fs.FileInfo]:
            selector = fs.FileSelector(self._path(part), recursive=is_deep, allow_not_found=True)
            try:
                return list(self._filesystem.get_file_info(selector))
            except NotADirectoryError:
                return []

        found, cut = self._insist(look, name=part), len(self._folder) + 1
        return {
            info.path[cut:]: StoredFile(info.size, info.mtime_ns)
            for info in found
            if info.type is fs.FileType.File and not info.path.endswith(_DRAFT_SUFFIX)
        }

    def read(self, name: str) -> bytes:
        """Return the content of a file."""

        def read_whole() -> bytes:
            with self._filesystem.open_input_stream(self._path(name)) as file:
                return bytes(file.read())

        return self._insist(read_whole, name=name)

    def write(self, name: str, content: bytes) -> None:
        """Make or replace a file."""
        self._insist(lambda: self._store(name, lambda stream: stream.write(content)), name=name)

    def get(self, name: str, target: Path) -> None:
        """Copy a file from the store."""

        def copy() -> None:
            with (
                self._filesystem.open_input_stream(self._path(name)) as source,
                whole_file(target) as draft,
                draft.open("wb") as file,
            ):
                shutil.copyfileobj(source, file, _COPY_BYTES)

        self._insist(copy, name=name)

    def put(self, source: Path, name: str) -> None:
        """Copy a local file to the store."""

        def copy() -> None:
            with source.open("rb") as file:
                self._store(name, lambda stream: shutil.copyfileobj(file, stream, _COPY_BYTES))

        self._insist(copy, name=name)

    def delete(self, name: str) -> None:
        """Remove a file."""

        def remove() -> None:
            try:
                self._filesystem.delete_file(self._path(name))
            except FileNotFoundError:
                return

        self._insist(remove, name=name)

    def _store(self, name: str, fill: Callable[[Any], Any]) -> None:
        path = self._path(name)
        if not self._is_on_disk:  # an object appears once it is whole
            with self._filesystem.open_output_stream(path) as stream:
                fill(stream)
            return
        self._filesystem.create_dir(path.rpartition("/")[0], recursive=True)
        with self._filesystem.open_output_stream(path + _DRAFT_SUFFIX) as stream:
            fill(stream)
        self._filesystem.move(path + _DRAFT_SUFFIX, path)

    def _path(self, name: str) -> str:
        return f"{self._folder}/{name}" if name else self._folder

    def _insist(self, operation: Callable[[], Result], *, name: str = "") -> Result:
        return self._patience.insist(operation, on=f"{self._uri}: {name}" if name else self._uri)


def open_store(uri: StoreUri, patience: Patience | None = None) -> ObjectStore:
    """Open the store that holds a folder; credentials come from where pyarrow looks for them."""
    filesystem, folder = _filesystem(uri)
    return ObjectStore(filesystem, folder, uri=str(uri), patience=patience or default_patience())


def _filesystem(uri: StoreUri) -> tuple[fs.FileSystem, str]:
    if uri.scheme == "file":
        return fs.LocalFileSystem(), f"/{uri.path}"
    folder = f"{uri.bucket}/{uri.path}"
    if uri.scheme == "gs":
        # its own patience is a quarter of an hour
        once = timedelta(seconds=_CONNECT_S)
        return fs.GcsFileSystem(retry_time_limit=once, **dict(uri.options)), folder
    return fs.S3FileSystem(**_s3_options(uri)), folder


def _s3_options(uri: StoreUri) -> dict[str, Any]:
    options: dict[str, Any] = dict(uri.options)
    if "endpoint_override" not in options:
        options |= _endpoint_of_environment()
    has_region = "region" in options or "AWS_REGION" in os.environ
    if not has_region and "AWS_DEFAULT_REGION" in os.environ:
        options["region"] = os.environ["AWS_DEFAULT_REGION"]
    elif not has_region and "endpoint_override" not in options:
        options["region"] = _region_of(uri)
    return options | {
        "connect_timeout": _CONNECT_S,
        "request_timeout": _REQUEST_S,
        "retry_strategy": fs.AwsStandardS3RetryStrategy(max_attempts=_ATTEMPTS),
        "allow_delayed_open": True,  # one request for a small file, not three
    }


def _endpoint_of_environment() -> dict[str, str]:
    url = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    if not url:
        return {}
    scheme, _, place = url.rpartition("://")
    return {"scheme": scheme or "https", "endpoint_override": place}


def _region_of(uri: StoreUri) -> str:
    """Ask where a bucket lies.

    Raises:
        RunFolderError: if that cannot be known.
    """
    try:
        return str(fs.resolve_s3_region(uri.bucket))
    except OSError as error:
        raise RunFolderError(
            f"{uri}: the region of the bucket is not known ({in_words(error)}): set AWS_REGION"
        ) from error
