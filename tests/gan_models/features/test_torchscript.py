import json
import re
import shutil
import zipfile
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from gan_models.errors import MetricError
from gan_models.features.pretrained import PretrainedFeatures
from gan_models.features.torchscript import torchscript_features
from gan_models.samples import SampleKind, SampleSpec
from tests.gan_models.datasets import MakeImages
from tests.gan_models.features.contract_features import FeatureExtractorContract
from tests.gan_models.features.network_files import (
    Convolution,
    Detector,
    Echo,
    save_exported,
    save_scripted,
    save_traced,
)
from tests.gan_models.features.test_weights_only import Surprise

GREY = SampleSpec(SampleKind.IMAGE, (1, 8, 8))
COLOUR = SampleSpec(SampleKind.IMAGE, (3, 8, 8))


def state(file: Path, **rules: object) -> None:
    file.with_name(f"{file.name}.json").write_text(json.dumps(rules))


class TestTorchscriptFeatures(FeatureExtractorContract):
    @pytest.fixture
    def extractor(self, tmp_path: Path) -> PretrainedFeatures:
        return torchscript_features(save_scripted(tmp_path / "net.pt", Convolution()), COLOUR)

    @pytest.fixture
    def same(self, extractor: PretrainedFeatures, tmp_path: Path) -> PretrainedFeatures:
        return torchscript_features(
            Path(shutil.copy(tmp_path / "net.pt", tmp_path / "b.pt")), COLOUR
        )

    @pytest.fixture
    def other(self, tmp_path: Path) -> PretrainedFeatures:
        file = save_scripted(tmp_path / "other.pt", Convolution(seed=1))
        return torchscript_features(file, COLOUR)

    @pytest.fixture
    def stored(self, make_images: MakeImages) -> Tensor:
        return make_images(COLOUR.shape).stored


def test_scripted_traced_and_exported_networks_give_the_same(
    tmp_path: Path, make_images: MakeImages
) -> None:
    images, network = make_images(COLOUR.shape).stored, Convolution().eval()
    example = torch.zeros(32, 3, 8, 8, dtype=torch.uint8)
    files = [
        save_scripted(tmp_path / "scripted.pt", network),
        save_traced(tmp_path / "traced.pt", network, example),
        save_exported(tmp_path / "exported.pt2", network, example),
    ]
    expected = network(images).detach().flatten(1)
    for file in files:
        extractor = torchscript_features(file, COLOUR)
        torch.testing.assert_close(extractor(images), expected)
        assert extractor.dim == 5
        assert extractor.name == f"torchscript:{file.name}"


def test_without_rules_a_network_is_given_the_bytes_in_three_channels(
    tmp_path: Path, make_images: MakeImages
) -> None:
    images = make_images(GREY.shape).stored
    extractor = torchscript_features(save_scripted(tmp_path / "net.pt", Echo()), GREY)
    assert torch.equal(extractor(images), images.expand(-1, 3, 8, 8).float().flatten(1))


def test_detectors_are_asked_for_features_unless_the_rules_say_otherwise(
    tmp_path: Path, make_images: MakeImages
) -> None:
    images, file = make_images(GREY.shape).stored, save_scripted(tmp_path / "net.pt", Detector())
    means = images.float().mean([2, 3]).expand(-1, 3)
    asked = torchscript_features(file, GREY)
    torch.testing.assert_close(asked(images), means)
    state(file, call={"return_features": True, "factor": 2.0})
    doubled = torchscript_features(file, GREY)
    torch.testing.assert_close(doubled(images), 2 * means)
    state(file, call={})
    plain = torchscript_features(file, GREY)
    assert plain.dim == 2
    assert len({asked.fingerprint, doubled.fingerprint, plain.fingerprint}) == 3


def test_stating_the_default_is_the_same_measure(tmp_path: Path) -> None:
    file = save_scripted(tmp_path / "net.pt", Detector())
    before = torchscript_features(file, GREY).fingerprint
    state(file, call={"return_features": True}, channels=3, batch_size=32)
    assert torchscript_features(file, GREY).fingerprint == before


def test_rules_beside_the_file_are_obeyed(tmp_path: Path) -> None:
    file = save_scripted(tmp_path / "net.pt", Echo())
    state(file, resize=2, range="signed", channels=1, batch_size=3)
    white = torch.full((4, 1, 8, 8), 255, dtype=torch.uint8)
    assert torchscript_features(file, GREY)(white).tolist() == [[1.0] * 4] * 4


def test_an_export_for_one_batch_size_takes_any_number(
    tmp_path: Path, make_images: MakeImages
) -> None:
    file = save_exported(tmp_path / "net.pt2", Echo(), torch.zeros(4, 3, 8, 8, dtype=torch.uint8))
    with pytest.raises(MetricError, match=r"net\.pt2: the network does not take 32 x 3 x 8 x 8"):
        torchscript_features(file, COLOUR)
    state(file, batch_size=4)
    images = make_images(COLOUR.shape, count=9).stored
    assert torch.equal(torchscript_features(file, COLOUR)(images), images.float().flatten(1))


def test_a_missing_file_says_what_to_get_and_where_it_was_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    where = re.escape(str(tmp_path.resolve()))
    what = "inception-2015-12-05.pt, which github.com/NVlabs/stylegan2-ada-pytorch names"
    with pytest.raises(MetricError, match=f"^net.pt: no such file in {where}; put a .*{what}"):
        torchscript_features(Path("net.pt"), GREY)
    with pytest.raises(MetricError, match=f"^{where}/net.pt: no such file; put a network here"):
        torchscript_features(tmp_path / "net.pt", GREY)


def test_a_file_that_holds_no_network_says_what_is_needed(tmp_path: Path) -> None:
    weights, torn, text = (tmp_path / name for name in ("weights.pt", "torn.pt", "text.pt"))
    torch.save(Convolution().state_dict(), weights)
    torn.write_bytes(save_scripted(tmp_path / "net.pt", Convolution()).read_bytes()[:-100])
    text.write_text("no network")
    for file in (weights, torn, text):
        what = f"{file.name}: neither a TorchScript network nor an exported program .weights alone"
        with pytest.raises(MetricError, match=f"{what}, or a torn .* torch.jit.save or torch.exp"):
            torchscript_features(file, COLOUR)


@pytest.mark.parametrize("name", ["net.pt", "net.pt2"])
def test_a_broken_archive_is_named(tmp_path: Path, name: str) -> None:
    example = torch.zeros(32, 3, 8, 8, dtype=torch.uint8)
    scripted = save_scripted(tmp_path / "whole.pt", Convolution())
    exported = save_exported(tmp_path / "whole.pt2", Convolution(), example)
    whole = exported if name.endswith("2") else scripted
    replace_entry(whole, tmp_path / name, ending=("constants.pkl", "model.json"), content=b"{")
    with pytest.raises(MetricError, match=rf"{re.escape(name)}: cannot be loaded \("):
        torchscript_features(tmp_path / name, COLOUR)


def test_a_pickle_in_an_exported_program_is_not_run(tmp_path: Path) -> None:
    example = torch.zeros(32, 3, 8, 8, dtype=torch.uint8)
    whole = save_exported(tmp_path / "whole.pt2", Convolution(), example)
    torch.save(Surprise(tmp_path / "ran"), tmp_path / "pickle.pth")
    content = (tmp_path / "pickle.pth").read_bytes()
    replace_entry(whole, tmp_path / "net.pt2", ending=("sample_inputs/model.pt",), content=content)
    with pytest.raises(MetricError, match=r"net\.pt2: cannot be loaded \(Weights only load failed"):
        torchscript_features(tmp_path / "net.pt2", COLOUR)
    assert not (tmp_path / "ran").exists()


class Wants16(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(3 * 16 * 16, 2)

    def forward(self, images: Tensor) -> Tensor:
        out: Tensor = self.linear(images.float().flatten(1))
        return out


def test_images_of_a_size_that_the_network_rejects_are_named(tmp_path: Path) -> None:
    file = save_scripted(tmp_path / "net.pt", Wants16())
    with pytest.raises(MetricError, match=r"32 x 3 x 8 x 8 uint8 images \(mat1 and mat2 shapes"):
        torchscript_features(file, COLOUR)
    state(file, resize=16)
    assert torchscript_features(file, COLOUR).dim == 2


def test_an_argument_that_the_network_does_not_know_is_named(tmp_path: Path) -> None:
    file = save_scripted(tmp_path / "net.pt", Detector())
    state(file, call={"return_feature": True})
    with pytest.raises(MetricError, match="Unknown keyword argument 'return_feature'"):
        torchscript_features(file, COLOUR)


def replace_entry(whole: Path, changed: Path, *, ending: tuple[str, ...], content: bytes) -> None:
    """Copy an archive with the entries of these names replaced."""
    with zipfile.ZipFile(whole) as source, zipfile.ZipFile(changed, "w") as target:
        for entry in source.namelist():
            is_it = entry.endswith(ending)
            target.writestr(entry, content if is_it else source.read(entry))
