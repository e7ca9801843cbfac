"""From a YAML file and ``--set`` overrides to a resolved configuration, and back to YAML."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin

import yaml
from pydantic import BaseModel, ValidationError

from gan_models.errors import nearest
from gan_models.factories import holds_module, is_factory, look_in, top_module
from gan_models.files import write_text
from orchestrator.config.model import SweepConfig
from orchestrator.config.scientific import reads_as_number
from orchestrator.errors import ConfigError

_Model = TypeVar("_Model", bound=BaseModel)


def load_config(path: Path | str, overrides: Sequence[str] = ()) -> SweepConfig:
    """Read a spec, apply overrides of the form ``a.b=value``, and check every field.

    The path ``-`` is standard input.

    A relative ``data.path``, and the file in ``evaluation.features``, is relative to the spec's
    folder, one in an override to the present folder. Modules that are named in the spec can be
    imported from then on; none is yet.

    Raises:
        ConfigError: if the file cannot be read, or a key or value cannot be meant.
    """
    path = Path(path)
    values = _read_yaml(path)
    _anchor_paths(values, path.parent)
    for override in overrides:
        _apply(values, override)
    _anchor_paths(values, Path.cwd())
    _locate_modules(values, (path.parent, Path.cwd()))
    config = build_config(values, where=str(path))
    look_in(config.modules.folders)
    return config


def load_as(model: type[_Model], path: Path, overrides: Sequence[str] = ()) -> _Model:
    """Read any YAML file that a model describes, with overrides as of a spec.

    Raises:
        ConfigError: if the file cannot be read, or a key or value cannot be meant.
    """
    values = _read_yaml(path)
    for override in overrides:
        _apply(values, override)
    return _validated(model, values, where=str(path))


def build_config(values: Mapping[str, Any], *, where: str = "spec") -> SweepConfig:
    """Check plain values and return the configuration that they describe.

    Raises:
        ConfigError: naming the first wrong key with its value and what is allowed.
    """
    return _validated(SweepConfig, values, where=where)


def save_config(path: Path, config: SweepConfig) -> None:
    """Write the resolved configuration as YAML that :func:`load_config` reads."""
    write_text(path, config_yaml(config))


def config_yaml(config: SweepConfig) -> str:
    """Return the resolved configuration as YAML."""
    return yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False, allow_unicode=True)


def parse_assignment(text: str, *, option: str) -> tuple[str, Any]:
    """Split ``key=value`` and read the value as YAML, in which 1e-4 is a number, too.

    Raises:
        ConfigError: if there is no ``=``, or the value is not YAML.
    """
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise ConfigError(f"{option} {text}: write it as key=value")
    if reads_as_number(value):
        return key, float(value)
    try:
        return key, yaml.safe_load(value)
    except yaml.YAMLError as error:
        raise ConfigError(f"{option} {text}: the value is not YAML") from error


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        text = sys.stdin.read() if str(path) == "-" else path.read_text(encoding="utf-8")
        values = yaml.safe_load(text)
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigError(f"{path}: cannot be read ({reason})") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        raise ConfigError(f"{path}{line}: not YAML") from error
    if not isinstance(values, dict):
        raise ConfigError(f"{path}: a spec is a mapping of keys to values")
    return values


def _apply(values: dict[str, Any], override: str) -> None:
    key, value = parse_assignment(override, option="--set")
    *parents, last = key.split(".")
    for parent in parents:
        inner = values.setdefault(parent, {})
        if not isinstance(inner, dict):
            raise ConfigError(f"--set {override}: '{parent}' is not a section")
        values = inner
    values[last] = value


def _anchor_paths(values: Mapping[str, Any], folder: Path) -> None:
    data, evaluation = values.get("data"), values.get("evaluation")
    if isinstance(data, dict) and isinstance(data.get("path"), str):
        data["path"] = _anchored(data["path"], folder)
    if isinstance(evaluation, dict) and isinstance(evaluation.get("features"), str):
        kind, colon, file = evaluation["features"].partition(":")
        if file:
            evaluation["features"] = kind + colon + _anchored(file, folder)
    modules = values.get("modules")
    if isinstance(modules, dict) and isinstance(modules.get("folders"), list):
        modules["folders"] = [_anchored(str(each), folder) for each in modules["folders"]]


def _locate_modules(values: dict[str, Any], places: Sequence[Path]) -> None:
    """Note in which of the places the modules lie that are named, unless the spec says it."""
    if "modules" in values:
        return
    named = _texts([values.get(key) for key in ("data", "space", "fixed")])
    modules = {top_module(text) for text in named if is_factory(text)}
    homes = [
        next((place for place in places if holds_module(place, module)), None) for module in modules
    ]
    folders = dict.fromkeys(str(place.resolve()) for place in places if place in homes)
    if folders:
        values["modules"] = {"folders": list(folders)}


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping | list):
        for each in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(each)


def _anchored(path: str, folder: Path) -> str:
    return str((folder / Path(path).expanduser()).resolve())


def _validated(model: type[_Model], values: Mapping[str, Any], *, where: str) -> _Model:
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise ConfigError(f"{where}: {_describe(error, model)}") from error


def _describe(error: ValidationError, model: type[BaseModel]) -> str:
    problems = error.errors()  # of which a misspelt key often explains one that is missing
    first = min(problems, key=lambda problem: problem["type"] != "extra_forbidden")
    place = ".".join(str(part) for part in first["loc"] if not _is_union_branch(part))
    if first["type"] == "extra_forbidden":
        allowed = _keys_at(first["loc"], model)
        return f"unknown key '{place}': {nearest(str(first['loc'][-1]), allowed)}"
    if first["type"] == "missing":
        return f"'{place}' is missing"
    if first["type"] == "value_error":
        return str(first["ctx"]["error"])
    if first["type"] in ("model_type", "dict_type"):
        return f"{place} = {first['input']!r}: must be a mapping of keys to values"
    if first["type"] == "tuple_type":
        return f"{place} = {first['input']!r}: must be a list"
    reason = first["msg"].replace("Input should", "must")
    return f"{place} = {first['input']!r}: {_lower_first(reason)}"


def _is_union_branch(part: int | str) -> bool:
    return isinstance(part, str) and (part in ("str", "int", "float") or "[" in part)


def _keys_at(location: tuple[int | str, ...], model: type[BaseModel]) -> list[str]:
    for part in location[:-1]:
        if isinstance(part, int):  # one of several: the model is that of each
            continue
        annotation = model.model_fields[part].annotation
        if get_origin(annotation) is tuple:
            annotation = get_args(annotation)[0]
        if get_origin(annotation) in (Union, UnionType):
            annotation = get_args(annotation)[0]
        assert isinstance(annotation, type)
        assert issubclass(annotation, BaseModel)
        model = annotation
    return list(model.model_fields)


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:]
