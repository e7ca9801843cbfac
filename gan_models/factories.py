"""What a user brings: an object of a module of one's own, named ``module:name`` in a spec.

Importing a module runs it. Modules are looked for where Python looks, and then in the folders that
:func:`look_in` was told of, so that a user's file never hides an installed package.
"""

import hashlib
import importlib
import re
import sys
import traceback
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

from gan_models.errors import FactoryError, GanModelsError, nearest

_NAME = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")
_HASH_DIGITS = 16
_folders: list[str] = []


def is_factory(name: object) -> bool:
    """Say whether a name has the form ``module:name``.

    >>> is_factory("my_gan:NETWORKS"), is_factory("dcgan")
    (True, False)
    """
    return isinstance(name, str) and _NAME.fullmatch(name) is not None


def top_module(name: str) -> str:
    """Return the module or package at the top of ``module:name``.

    >>> top_module("my_gans.small:NETWORKS")
    'my_gans'
    """
    return name.partition(":")[0].partition(".")[0]


def look_in(folders: Iterable[str | Path]) -> None:
    """Let modules be found in these folders, too, for as long as this process lives."""
    for folder in map(str, folders):
        if folder not in _folders:
            _folders.append(folder)
        if folder not in sys.path:
            sys.path.append(folder)
            importlib.invalidate_caches()


def holds_module(folder: Path, module: str) -> bool:
    """Say whether a folder has a file, or a folder of files, that is this module."""
    inner = folder / module
    return (folder / f"{module}.py").is_file() or (inner.is_dir() and any(inner.glob("*.py")))


def load_object(name: str, place: str) -> Any:
    """Import ``module:name``.

    Args:
        name: of the object.
        place: what to name in errors: ``network = 'my_gan:NETWORKS'``.

    Raises:
        FactoryError: if there is no such module or name, or the module cannot be imported.
    """
    module_name, _, attribute = name.partition(":")
    _check_not_hidden(top_module(name), place)
    try:
        with blamed_on(place, f"importing {module_name} fails"):
            module = importlib.import_module(module_name)
    except FactoryError as error:
        missing = getattr(error.__cause__, "name", None)
        if isinstance(error.__cause__, ModuleNotFoundError) and _leads_to(module_name, missing):
            raise FactoryError(f"{place}: {_not_found(str(missing))}") from error
        raise
    try:
        return getattr(module, attribute)
    except AttributeError:
        public = [
            each
            for each, value in vars(module).items()
            if not (each.startswith("_") or isinstance(value, ModuleType))
        ]
        raise FactoryError(
            f"{place}: {module.__file__} has no '{attribute}': {nearest(attribute, public)}"
        ) from None


@contextmanager
def blamed_on(place: str, what: str) -> Iterator[None]:
    """Say of whatever is raised within that the user's code raised it, and where.

    Errors of ours pass: by them a builder may refuse a configuration itself.

    Raises:
        FactoryError: in its place.
    """
    try:
        yield
    except GanModelsError:
        raise
    except (Exception, SystemExit) as error:  # a script that was named for a module may exit
        raise FactoryError(f"{place}: {what}: {_describe(error)}") from error


def source_hash(module: str) -> str:
    """Hash what a module, or every module of a package, is written in (SHA-256, shortened).

    Only the module at the top is found, and nothing imported. What it imports besides is not
    looked at.

    Raises:
        FactoryError: if there is no such module.
    """
    spec = _find(module)
    if spec is None:
        raise FactoryError(_not_found(module))
    digest = hashlib.sha256()
    for name, file in _source_files(spec):
        content = file.read_bytes()
        digest.update(f"{name}\n{len(content)}\n".encode() + content)
    return digest.hexdigest()[:_HASH_DIGITS]


def check_sources(recorded: Mapping[str, str]) -> None:
    """Check that modules are written as they were when their hashes were recorded.

    Raises:
        FactoryError: naming the first that is not, or is gone.
    """
    for module, before in recorded.items():
        now = source_hash(module)
        if now != before:
            spec = _find(module)
            origin = "" if spec is None else f" ({spec.origin})"
            raise FactoryError(
                f"module '{module}'{origin} has changed since the sweep began: its source had the "
                f"hash {before} then, and has {now} now"
            )


def _source_files(spec: ModuleSpec) -> Iterator[tuple[str, Path]]:
    if spec.submodule_search_locations is None:
        if spec.origin is not None and Path(spec.origin).is_file():
            yield spec.name, Path(spec.origin)
        return
    for folder in map(Path, spec.submodule_search_locations):
        for file in sorted(folder.rglob("*.py")):
            yield file.relative_to(folder).as_posix(), file


def _find(module: str) -> ModuleSpec | None:
    try:
        return find_spec(module)
    except ValueError:  # a module without a spec, such as __main__
        return None


def _check_not_hidden(module: str, place: str) -> None:
    """Refuse a module of the user's that Python would pass over for one of the same name."""
    spec = _find(module)
    own = next((Path(each) for each in _folders if holds_module(Path(each), module)), None)
    if spec is None or own is None:
        return
    found = [spec.origin, *(spec.submodule_search_locations or ())]
    mine = (own / f"{module}.py").resolve(), (own / module).resolve()
    if not any(
        file and Path(file).resolve().is_relative_to(each) for file in found for each in mine
    ):
        raise FactoryError(
            f"{place}: '{module}' in {own} is hidden by {spec.origin or found[-1]}: rename it"
        )


def _leads_to(module: str, missing: str | None) -> bool:
    return missing is not None and f"{module}.".startswith(f"{missing}.")


def _not_found(module: str) -> str:
    places = " nor ".join(["installed", *(f"in {folder}" for folder in _folders)])
    return f"module '{module}' is not {places}"


def _describe(error: BaseException) -> str:
    """Return type, message, and the last line outside installed packages, which is the user's."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if any(frame.filename.startswith(each) for each in _folders)]
    place = f" ({Path(own[-1].filename).name}, line {own[-1].lineno})" if own else ""
    text = str(error) or "no message"
    return f"{type(error).__name__}: {text}{place}"
