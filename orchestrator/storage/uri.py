"""Where a run folder lies, if it is not a path: the URI of a store, without any secret in it."""

from dataclasses import dataclass, replace
from pathlib import PurePath, PurePosixPath
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit

from orchestrator.errors import UsageError

_OPTIONS = {
    "s3": ("endpoint_override", "region", "scheme"),
    "gs": ("endpoint_override", "scheme"),
    "file": (),
}


@dataclass(frozen=True)
class StoreUri:
    """A folder in a store: ``s3://bucket/path?region=…``, likewise ``gs://`` and ``file:///``."""

    scheme: str
    bucket: str  # empty for file://
    path: str
    options: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        query = f"?{urlencode(self.options, safe=':/')}" if self.options else ""
        return f"{self.scheme}://{self.bucket}/{self.path}{query}"

    def __truediv__(self, name: str | PurePath) -> "StoreUri":
        return replace(self, path=str(PurePosixPath(self.path) / name))

    @property
    def parents(self) -> list["StoreUri"]:
        """Every folder around this one, the nearest first."""
        above = [str(each) for each in PurePosixPath(self.path).parents if str(each) != "."]
        return [replace(self, path=path) for path in above]

    @property
    def name(self) -> str:
        """The last part of the path."""
        return PurePosixPath(self.path).name


def is_uri(text: str) -> bool:
    """Say whether a location is meant as a URI, and not as a path."""
    return "://" in text


def parse_uri(text: str) -> StoreUri:
    """Read the URI of a run folder.

    Raises:
        UsageError: if the scheme or an option is not known, bucket or path is missing, or it holds
            credentials, which are not repeated.
    """
    parts = urlsplit(text)
    _refuse_secrets(parts)
    if parts.scheme not in _OPTIONS:
        allowed = ", ".join(f"{scheme}://" for scheme in _OPTIONS)
        raise UsageError(f"{parts.scheme}://: not a store of run folders; allowed are {allowed}")
    path = parts.path.strip("/")
    if not path or bool(parts.netloc) == (parts.scheme == "file"):
        shape = "file:///folder" if parts.scheme == "file" else f"{parts.scheme}://bucket/folder"
        raise UsageError(f"{text}: name a folder as {shape}")
    return StoreUri(parts.scheme, parts.netloc, path, tuple(parse_qsl(parts.query)))


def _refuse_secrets(parts: SplitResult) -> None:
    options = parse_qsl(parts.query, keep_blank_values=True)
    endpoints = [value for name, value in options if name == "endpoint_override"]
    if "@" in parts.netloc or any("@" in value for value in endpoints):
        raise UsageError(
            f"{parts.scheme}://…@{parts.netloc.rpartition('@')[2]}: a URI must hold no "
            "credentials: they come from the environment or the instance"
        )
    allowed = _OPTIONS.get(parts.scheme, ())
    unknown = [name for name, _ in options if name not in allowed]
    if unknown and parts.scheme in _OPTIONS:
        raise UsageError(
            f"option {unknown[0]!r} of a {parts.scheme}:// URI: not known here; allowed are "
            f"{', '.join(allowed) or 'none'} (credentials come from the environment)"
        )
