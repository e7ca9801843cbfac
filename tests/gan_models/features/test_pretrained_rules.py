import json
import re
from pathlib import Path
from typing import Any

import pytest

from gan_models.errors import MetricError
from gan_models.features import pretrained_rules
from gan_models.features.pixels import PixelRules
from gan_models.features.pretrained_rules import PretrainedRules, read_rules


def write_rules(folder: Path, values: Any) -> Path:
    (folder / "net.pt.json").write_text(json.dumps(values))
    return folder / "net.pt"


def test_without_a_file_there_are_defined_rules(tmp_path: Path) -> None:
    rules = read_rules(tmp_path / "net.pt")
    assert rules.to_mapping() == {
        "channels": 3,
        "resize": None,
        "resample": "bilinear",
        "antialias": True,
        "quantise": False,
        "range": "uint8",
        "call": None,
        "batch_size": 32,
    }


def test_every_rule_can_be_stated_and_is_in_the_documentation(tmp_path: Path) -> None:
    stated = {
        "channels": 1,
        "resize": 224,
        "resample": "bicubic",
        "antialias": False,
        "quantise": True,
        "range": "signed",
        "call": {"return_features": True},
        "batch_size": 8,
    }
    assert read_rules(write_rules(tmp_path, stated)).to_mapping() == stated
    documented = re.findall(r"^(\w+) +\S", str(pretrained_rules.__doc__), flags=re.MULTILINE)
    assert set(stated) < set(documented)


def test_rules_that_are_not_stated_keep_their_default(tmp_path: Path) -> None:
    file = write_rules(tmp_path, {"resize": 224, "range": "imagenet"})
    assert read_rules(file) == PretrainedRules(pixels=PixelRules(resize=224, range="imagenet"))


@pytest.mark.parametrize(
    ("stated", "message"),
    [
        ({"resise": 224}, "no rule 'resise': did you mean 'resize'? allowed: antialias"),
        ({"channels": 2}, "channels = 2: must be 1 or 3"),
        ({"channels": None}, "channels = null: must be 1 or 3"),
        ({"resize": "299"}, 'resize = "299": must be null or a whole number from 1 to 2048'),
        ({"resize": 0}, "resize = 0: must be null or a whole"),
        ({"resize": 2049}, "resize = 2049: must be null or a whole"),
        ({"resize": True}, "resize = true: must be null or a whole"),
        ({"resample": "area"}, 'resample = "area": must be "bilinear" or "bicubic"'),
        ({"resample": ["bilinear"]}, 'resample = ["bilinear"]: must be'),
        ({"antialias": 1}, "antialias = 1: must be true or false"),
        ({"quantise": "no"}, 'quantise = "no": must be true or false'),
        ({"range": "byte"}, 'range = "byte": must be "uint8" or "unit" or "signed" or "imagenet"'),
        ({"range": {}}, "range = {}: must be"),
        ({"call": True}, "call = true: must be an object of named arguments"),
        ({"batch_size": 0}, "batch_size = 0: must be a whole number from 1 to 4096"),
        ({"batch_size": 1.0}, "batch_size = 1.0: must be a whole number"),
        ({"range": "imagenet", "channels": 1}, 'range = "imagenet" is for 3 channels'),
        ([224], 'must be an object of rules, such as {"resize": 224}'),
    ],
)
def test_rules_that_cannot_be_meant_are_refused(tmp_path: Path, stated: Any, message: str) -> None:
    with pytest.raises(MetricError, match=r"net\.pt\.json: " + re.escape(message)):
        read_rules(write_rules(tmp_path, stated))


@pytest.mark.parametrize("content", [b"{resize: 224}", b"\xff\xfe{}"])
def test_a_file_that_is_not_json_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "net.pt.json").write_bytes(content)
    with pytest.raises(MetricError, match=r"net\.pt\.json: not JSON \("):
        read_rules(tmp_path / "net.pt")


def test_rules_that_cannot_be_read_are_not_passed_over(tmp_path: Path) -> None:
    (tmp_path / "net.pt.json").mkdir()
    with pytest.raises(MetricError, match=r"net\.pt\.json: cannot be read \(Is a directory\)"):
        read_rules(tmp_path / "net.pt")
