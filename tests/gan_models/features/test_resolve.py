import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from gan_models.data.dataset import Dataset, Splits
from gan_models.errors import MetricError
from gan_models.features import resolve
from gan_models.features.classifier import RECIPE, ClassifierFeatures
from gan_models.features.identity import IdentityFeatures
from gan_models.features.modes import ClassifierModes, NearestCentreModes
from gan_models.features.random_conv import RandomConvFeatures
from gan_models.features.random_fourier import RandomFourierFeatures
from gan_models.features.resolve import FEATURE_NAMES, resolve_features, resolve_label_judge
from gan_models.features.stacked import StackedFeatures, StackedModes
from gan_models.samples import SampleKind
from tests.gan_models.datasets import MakeImages, alike, make_dataset
from tests.gan_models.features.network_files import Convolution, save_scripted


@pytest.fixture(autouse=True)
def _brief_training(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(resolve, "RECIPE", replace(RECIPE, num_steps=12))
    monkeypatch.setenv("GANORCH_CACHE", str(tmp_path))


def test_points_are_compared_as_they_are_and_by_their_centres(ring: Dataset) -> None:
    for name in ("auto", "identity"):
        extractor, modes = resolve_features(name, alike(ring))
        assert isinstance(extractor, IdentityFeatures)
        assert isinstance(modes, NearestCentreModes)
        assert modes.num_modes == 8


def test_points_have_waves_by_name_and_images_have_none(ring: Dataset, digits: Splits) -> None:
    extractor, modes = resolve_features("random-fourier", alike(ring))
    assert isinstance(extractor, RandomFourierFeatures)
    assert isinstance(modes, NearestCentreModes)
    with pytest.raises(MetricError, match="only for points, and digits holds images; use 'class"):
        resolve_features("random-fourier", digits)


def test_points_without_known_centres_have_no_modes(ring: Dataset) -> None:
    extractor, modes = resolve_features("auto", alike(replace(ring, modes=None)))
    assert extractor.dim == 2
    assert modes is None


def test_labelled_images_get_a_classifier_and_its_classes(digits: Splits) -> None:
    extractor, modes = resolve_features("auto", digits)
    assert isinstance(extractor, ClassifierFeatures)
    assert extractor.name == "digits-classifier"
    assert isinstance(modes, ClassifierModes)
    assert modes.num_modes == 10


def test_a_classifier_is_trained_once_and_found_again(
    digits: Splits, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, _ = resolve_features("classifier", digits, cache_dir=tmp_path / "own")
    monkeypatch.delattr(resolve, "train_classifier")  # training again would fail
    again, _ = resolve_features("classifier", digits, cache_dir=tmp_path / "own")
    assert again.fingerprint == first.fingerprint
    assert torch.equal(again(digits.select.stored), first(digits.select.stored))


def test_another_recipe_is_trained_anew(digits: Splits, monkeypatch: pytest.MonkeyPatch) -> None:
    first, _ = resolve_features("classifier", digits)
    monkeypatch.setattr(resolve, "RECIPE", replace(RECIPE, num_steps=12, noise_std=0.3))
    again, _ = resolve_features("classifier", digits)
    assert again.fingerprint != first.fingerprint


def test_a_classifier_knows_only_the_train_split(digits: Splits, tmp_path: Path) -> None:
    first, _ = resolve_features("classifier", digits)
    swapped = Splits(digits.train, digits.certify, digits.select)
    again, _ = resolve_features("classifier", swapped, cache_dir=tmp_path / "own")
    assert again.fingerprint == first.fingerprint


def test_stacked_digits_are_looked_at_channel_by_channel(make_images: MakeImages) -> None:
    images = make_images((3, 8, 8), count=60)
    labels = torch.arange(60) * 111 % 1000
    stacked = replace(images, name="stacked-digits", labels=labels, num_classes=1000)
    extractor, modes = resolve_features("auto", alike(stacked))
    assert isinstance(extractor, StackedFeatures)
    assert extractor.dim == 192
    assert extractor.name == "stacked-digits-channel-classifier x3"
    assert isinstance(modes, StackedModes)
    assert modes.num_modes == 1000


@pytest.mark.parametrize("num_classes", [0, 1])
def test_images_without_classes_get_random_features(
    num_classes: int, make_images: MakeImages
) -> None:
    images = make_images((3, 16, 16), num_classes=num_classes)
    extractor, modes = resolve_features("auto", alike(images))
    assert isinstance(extractor, RandomConvFeatures)
    assert modes is None


def test_an_unknown_name_is_answered_with_the_nearest(ring: Dataset) -> None:
    with pytest.raises(MetricError, match="features = 'clasifier': did you mean 'classifier'"):
        resolve_features("clasifier", alike(ring))


def test_every_name_has_a_line_of_documentation() -> None:
    from_files = {"torchscript:FILE", "inception:FILE"}
    by_name = {"auto", "identity", "classifier", "random-conv", "random-fourier"}
    assert set(FEATURE_NAMES) == by_name | from_files
    assert all(0 < len(doc) < 100 for doc in FEATURE_NAMES.values())


@pytest.fixture
def network_file(tmp_path: Path) -> Path:
    return save_scripted(tmp_path / "net.pt", Convolution())


def test_a_network_from_a_file_is_found_from_the_working_directory_and_from_home(
    network_file: Path, make_images: MakeImages, monkeypatch: pytest.MonkeyPatch
) -> None:
    splits = alike(make_images((3, 8, 8)))
    monkeypatch.setenv("HOME", str(network_file.parent))
    monkeypatch.chdir(network_file.parent)
    for file in (network_file, "net.pt", "~/net.pt"):
        extractor, modes = resolve_features(f"torchscript:{file}", splits)
        assert extractor.name == "torchscript:net.pt"
        assert extractor.dim == 5
        assert modes is None


def test_with_labels_the_classifier_names_modes_beside_features_from_a_file(
    network_file: Path, digits: Splits
) -> None:
    extractor, modes = resolve_features(f"torchscript:{network_file}", digits)
    assert extractor.dim == 5
    assert isinstance(modes, ClassifierModes)
    assert modes.num_modes == 10


@pytest.mark.parametrize("name", ["torchscript", "torchscript:", "inception"])
def test_features_from_a_file_need_its_name(name: str, make_images: MakeImages) -> None:
    kind = name.rstrip(":")
    with pytest.raises(MetricError, match=f"features = '{kind}': name the file, as {kind}:FILE"):
        resolve_features(name, alike(make_images()))


@pytest.mark.parametrize(
    ("name", "near"), [("torchscrip:a.pt", "torchscript:FILE"), ("classifier:a.pt", "classifier")]
)
def test_an_unknown_name_with_a_file_is_answered_with_the_nearest(
    name: str, near: str, make_images: MakeImages
) -> None:
    with pytest.raises(MetricError, match=f"features = '{name}': did you mean '{near}'"):
        resolve_features(name, alike(make_images()))


def test_inception_is_asked_of_torch_fidelity(
    make_images: MakeImages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch_fidelity", None)
    with pytest.raises(MetricError, match=r"pip install 'gan-orchestrator\[inception\]'"):
        resolve_features("inception:weights.pth", alike(make_images()))


@pytest.mark.parametrize("name", ["classifier", "random-conv", "torchscript:a.pt", "inception:a"])
def test_image_features_of_points_are_refused(name: str, ring: Dataset) -> None:
    with pytest.raises(MetricError, match="ring8 holds points; use 'identity'"):
        resolve_features(name, alike(ring))


def test_a_classifier_without_labels_is_refused(make_images: MakeImages) -> None:
    with pytest.raises(MetricError, match="there are 0; use features 'random-conv'"):
        resolve_features("classifier", alike(make_images()))


def test_identity_is_refused_beyond_4096_values() -> None:
    small = make_dataset("small", SampleKind.IMAGE, torch.zeros(2, 1, 64, 64, dtype=torch.uint8))
    large = make_dataset("large", SampleKind.IMAGE, torch.zeros(2, 3, 64, 64, dtype=torch.uint8))
    assert resolve_features("identity", alike(small))[0].dim == 4096
    with pytest.raises(MetricError, match="12288 values, at most 4096 .* use 'random-conv'"):
        resolve_features("identity", alike(large))


def test_the_judge_of_labels_learns_on_the_select_split_alone(
    digits: Splits, tmp_path: Path
) -> None:
    judge = resolve_label_judge(digits)
    swapped = Splits(digits.certify, digits.select, digits.train)

    assert isinstance(judge, ClassifierModes)
    again = resolve_label_judge(swapped, cache_dir=tmp_path)
    assert isinstance(again, ClassifierModes)
    assert torch.equal(judge(digits.train.stored), again(digits.train.stored))


def test_points_are_judged_by_their_known_centres_and_unlabelled_data_by_nothing(
    ring: Dataset, make_images: MakeImages
) -> None:
    labelled = replace(ring, labels=torch.arange(len(ring)) % 8, num_classes=8)

    assert isinstance(resolve_label_judge(alike(labelled)), NearestCentreModes)
    assert resolve_label_judge(alike(ring)) is None
    assert resolve_label_judge(alike(make_images())) is None
