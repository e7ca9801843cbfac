import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from gan_models.errors import MetricError
from gan_models.features.inception import inception_features
from gan_models.samples import SampleKind, SampleSpec
from tests.gan_models.datasets import MakeImages
from tests.gan_models.features.test_weights_only import Surprise

GREY = SampleSpec(SampleKind.IMAGE, (1, 8, 8))


class SmallInception(nn.Module):
    """Called as torch-fidelity's is; checks what it checks, and loads weights as it does."""

    def __init__(
        self, name: str, features_list: list[str], feature_extractor_weights_path: str
    ) -> None:
        super().__init__()
        assert features_list == ["2048"]
        self.linear = nn.Linear(3, 2048)
        self.load_state_dict(torch.load(feature_extractor_weights_path, weights_only=False))

    def forward(self, images: Tensor) -> tuple[Tensor]:
        assert images.dtype is torch.uint8
        assert images.shape[1] == 3
        return (self.linear(images.float().mean([2, 3])),)


@pytest.fixture
def fidelity(monkeypatch: pytest.MonkeyPatch) -> Any:
    module: Any = ModuleType("torch_fidelity")
    module.FeatureExtractorInceptionV3 = SmallInception
    module.__version__ = "0.4.0"
    monkeypatch.setitem(sys.modules, "torch_fidelity", module)
    return module


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    linear = nn.Linear(3, 2048)
    torch.save(
        {f"linear.{key}": value for key, value in linear.state_dict().items()}, tmp_path / "w"
    )
    return tmp_path / "w"


def test_bytes_in_three_channels_give_2048_features(
    fidelity: Any, weights: Path, make_images: MakeImages
) -> None:
    images = make_images(GREY.shape).stored
    extractor = inception_features(weights, GREY)
    features = extractor(images)
    values = torch.load(weights, weights_only=True)
    means = images.float().mean([2, 3]).expand(-1, 3)
    expected = means @ values["linear.weight"].T + values["linear.bias"]
    torch.testing.assert_close(features, expected, rtol=1e-4, atol=1e-3)
    assert not features.requires_grad
    assert extractor.dim == 2048
    assert extractor.name == "inception:w"


def test_the_fingerprint_covers_the_weights_and_the_library(fidelity: Any, weights: Path) -> None:
    first = inception_features(weights, GREY).fingerprint
    assert inception_features(weights, GREY).fingerprint == first
    fidelity.__version__ = "0.5.0"
    second = inception_features(weights, GREY).fingerprint
    torch.save({"linear.weight": torch.ones(2048, 3), "linear.bias": torch.zeros(2048)}, weights)
    assert len({first, second, inception_features(weights, GREY).fingerprint}) == 3


def test_without_torch_fidelity_the_extra_is_named(
    weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch_fidelity", None)
    what = r"features = 'inception': torch_fidelity is not installed; pip install 'gan-orchestrator"
    with pytest.raises(MetricError, match=what + r"\[inception\]'"):
        inception_features(weights, GREY)


def test_a_torchvision_of_another_build_is_named(
    weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "torch_fidelity.py").write_text("raise RuntimeError('no operator nms')")
    monkeypatch.delitem(sys.modules, "torch_fidelity", raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    what = r"cannot be imported \(no operator nms\); install a torchvision that was built for this"
    with pytest.raises(MetricError, match=what):
        inception_features(weights, GREY)


def test_missing_weights_say_what_to_get_and_where_they_were_looked_for(
    fidelity: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    where = re.escape(str(tmp_path.resolve()))
    what = "put the weights here: weights-inception-2015-12-05-6726825d.pth, from the releases of "
    with pytest.raises(MetricError, match=f"^no.pth: no such file in {where}; {what}github.com"):
        inception_features(Path("no.pth"), GREY)
    with pytest.raises(MetricError, match=f"^{where}/no.pth: no such file; {what}"):
        inception_features(tmp_path / "no.pth", GREY)


def test_other_weights_are_refused(fidelity: Any, tmp_path: Path) -> None:
    torch.save({"weight": torch.ones(3)}, tmp_path / "other.pth")
    (tmp_path / "torn.pth").write_bytes(b"PK")
    for name in ("other.pth", "torn.pth"):
        what = rf"{name}: not Inception's weights \(.+\); needed: weights-inception-2015-12-05"
        with pytest.raises(MetricError, match=what):
            inception_features(tmp_path / name, GREY)


def test_a_pickle_in_place_of_weights_is_not_run(fidelity: Any, tmp_path: Path) -> None:
    torch.save(Surprise(tmp_path / "ran"), tmp_path / "pickle.pth")
    with pytest.raises(MetricError, match=r"pickle\.pth: not Inception's weights \(Weights only"):
        inception_features(tmp_path / "pickle.pth", GREY)
    assert not (tmp_path / "ran").exists()
