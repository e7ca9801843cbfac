"""What a network from a file takes, stated in a small JSON file beside it.

``dino.pt`` goes by ``dino.pt.json``, in which every key may be left out. For DINOv2::

    {"resize": 224, "resample": "bicubic", "antialias": true, "range": "imagenet"}

========== ======================================================== =============================
key        value                                                    without it
========== ======================================================== =============================
channels   3, or 1 for a network of grey images                     3: grey is repeated
resize     side in pixels of the square that images are resized to  null: the size they have
resample   "bilinear" or "bicubic"                                  "bilinear"
antialias  whether shrinking filters first, as PIL does             true
quantise   whether resized values are rounded to whole levels       false
range      "uint8" 0…255, "unit" [0, 1], "signed" [−1, 1], or       "uint8", which always rounds
           "imagenet": by ImageNet's mean and standard deviation
call       named arguments, besides the images                      return_features if there is one
batch_size images in every call                                     32
========== ======================================================== =============================
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from gan_models.errors import MetricError, nearest
from gan_models.features.pixels import RANGES, RESAMPLINGS, PixelRules

_MAX_SIDE_PX = 2048
_MAX_BATCH_SIZE = 4096


@dataclass(frozen=True, kw_only=True)
class PretrainedRules:
    """How a network from a file is called.

    Every call has the same ``batch_size``, since another one moves float features a little.
    ``call`` holds named arguments besides the images; None leaves them to the loader.
    """

    pixels: PixelRules = field(default_factory=PixelRules)
    call: Mapping[str, Any] | None = None
    batch_size: int = 32

    def to_mapping(self) -> dict[str, Any]:
        """Return every rule as plain data, as a rules file states it."""
        return asdict(self.pixels) | {"call": self.call, "batch_size": self.batch_size}


def rules_path(network_file: Path) -> Path:
    """Return where the rules of a network are looked for: ``net.pt.json`` beside ``net.pt``."""
    return network_file.with_name(network_file.name + ".json")


def read_rules(network_file: Path) -> PretrainedRules:
    """Return the rules beside a network's file, or the default ones where there is no such file.

    Raises:
        MetricError: naming the rules file and what is wrong in it.
    """
    path = rules_path(network_file)
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return PretrainedRules()
    except OSError as error:
        raise MetricError(f"{path}: cannot be read ({error.strerror})") from error
    except ValueError as error:
        raise MetricError(f"{path}: not JSON ({error})") from error
    if not isinstance(values, dict):
        raise MetricError(f'{path}: must be an object of rules, such as {{"resize": 224}}')
    _check(values, path)
    return _build(values)


def _build(values: dict[str, Any]) -> PretrainedRules:
    names = {each.name for each in fields(PixelRules)}
    pixels = PixelRules(**{name: value for name, value in values.items() if name in names})
    others = {name: value for name, value in values.items() if name not in names}
    return PretrainedRules(pixels=pixels, **others)


def _check(values: dict[str, Any], path: Path) -> None:
    for name, value in values.items():
        if name not in _ALLOWED:
            raise MetricError(f"{path}: no rule '{name}': {nearest(name, _ALLOWED)}")
        is_allowed, allowed = _ALLOWED[name]
        if not is_allowed(value):
            raise MetricError(f"{path}: {name} = {json.dumps(value)}: must be {allowed}")
    if values.get("range") == "imagenet" and values.get("channels") == 1:
        raise MetricError(f'{path}: range = "imagenet" is for 3 channels, and channels = 1')


def _whole(value: Any, most: int) -> bool:
    return type(value) is int and 1 <= value <= most  # True is an int, too, and no number


def _is_bool(value: Any) -> bool:
    return isinstance(value, bool)


def _any_of(names: tuple[str, ...]) -> str:
    return " or ".join(f'"{name}"' for name in names)


_ALLOWED: dict[str, tuple[Callable[[Any], bool], str]] = {
    "channels": (lambda value: _whole(value, 3) and value != 2, "1 or 3"),
    "resize": (
        lambda value: value is None or _whole(value, _MAX_SIDE_PX),
        f"null or a whole number from 1 to {_MAX_SIDE_PX}",
    ),
    "resample": (lambda value: value in RESAMPLINGS, _any_of(RESAMPLINGS)),
    "antialias": (_is_bool, "true or false"),
    "quantise": (_is_bool, "true or false"),
    "range": (lambda value: value in RANGES, _any_of(RANGES)),
    "call": (lambda value: isinstance(value, dict), "an object of named arguments"),
    "batch_size": (
        lambda value: _whole(value, _MAX_BATCH_SIZE),
        f"a whole number from 1 to {_MAX_BATCH_SIZE}",
    ),
}
