from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from gan_models.errors import MetricError
from gan_models.features.pixels import PixelRules, apply_pixel_rules
from gan_models.features.pretrained import (
    PretrainedFeatures,
    PretrainedNetwork,
    gist,
    on_fastest_device,
)
from gan_models.features.pretrained_rules import PretrainedRules
from gan_models.samples import SampleKind, SampleSpec
from tests.gan_models.datasets import MakeImages
from tests.gan_models.features.contract_features import FeatureExtractorContract

GREY = SampleSpec(SampleKind.IMAGE, (1, 8, 8))
COLOUR = SampleSpec(SampleKind.IMAGE, (3, 8, 8))


def echo(images: Tensor) -> Tensor:
    return images.flatten(1)


def network(compute: Callable[[Tensor], Any] = echo, **rules: Any) -> PretrainedNetwork:
    return PretrainedNetwork(
        kind="torchscript",
        file=Path("nets/net.pt"),
        compute=compute,
        rules=PretrainedRules(**rules),
        identity={"sha256": "abc"},
        device=torch.device("cpu"),
    )


class TestPretrainedFeatures(FeatureExtractorContract):
    @pytest.fixture
    def extractor(self) -> PretrainedFeatures:
        return PretrainedFeatures(network(), COLOUR)

    @pytest.fixture
    def same(self) -> PretrainedFeatures:
        return PretrainedFeatures(network(), COLOUR)

    @pytest.fixture
    def other(self) -> PretrainedFeatures:
        return PretrainedFeatures(network(batch_size=16), COLOUR)

    @pytest.fixture
    def stored(self, make_images: MakeImages) -> Tensor:
        return make_images(COLOUR.shape).stored


def test_the_network_sees_what_the_rules_say(make_images: MakeImages) -> None:
    images = make_images(GREY.shape).stored
    pixels = PixelRules(resize=5, resample="bicubic", range="imagenet")
    features = PretrainedFeatures(network(pixels=pixels), GREY)(images)
    expected = apply_pixel_rules(images, pixels).flatten(1)
    torch.testing.assert_close(features, expected)


@pytest.mark.parametrize("count", [0, 1, 4, 9])
def test_every_call_has_the_same_number_of_images(make_images: MakeImages, count: int) -> None:
    seen = []

    def compute(images: Tensor) -> Tensor:
        seen.append(len(images))
        return echo(images)

    images = make_images(COLOUR.shape, count=9).stored[:count]
    features = PretrainedFeatures(network(compute, batch_size=4), COLOUR)(images)
    assert torch.equal(features, images.float().flatten(1))
    assert set(seen) == {4}


def test_the_dimension_is_known_from_the_start_and_nothing_else_is_asked() -> None:
    extractor = PretrainedFeatures(network(lambda images: images.double().mean([2, 3])), COLOUR)
    assert extractor.dim == 3
    assert extractor.name == "torchscript:net.pt"
    assert extractor(torch.full((2, 3, 8, 8), 7, dtype=torch.uint8)).tolist() == [[7.0] * 3] * 2


def test_features_of_one_pixel_are_flattened() -> None:
    extractor = PretrainedFeatures(network(lambda images: images[:, :, :1, :1]), COLOUR)
    assert extractor.dim == 3


def test_features_of_half_precision_become_float32() -> None:
    extractor = PretrainedFeatures(network(lambda images: echo(images).bfloat16()), COLOUR)
    assert extractor(torch.zeros(1, 3, 8, 8, dtype=torch.uint8)).dtype is torch.float32


@pytest.mark.parametrize(
    "change",
    [
        {"identity": {"sha256": "abd"}},
        {"rules": PretrainedRules(pixels=PixelRules(resize=8))},
        {"rules": PretrainedRules(pixels=PixelRules(antialias=False))},
        {"rules": PretrainedRules(call={"return_features": True})},
        {"rules": PretrainedRules(batch_size=31)},
        {"kind": "inception"},
    ],
)
def test_the_fingerprint_covers_the_file_and_every_rule(change: dict[str, Any]) -> None:
    before = PretrainedFeatures(network(), COLOUR).fingerprint
    after = PretrainedFeatures(replace(network(), **change), COLOUR).fingerprint
    assert after != before


def test_the_fingerprint_does_not_depend_on_where_the_file_lies() -> None:
    moved = replace(network(), file=Path("/elsewhere/other.pt"))
    before = PretrainedFeatures(network(), COLOUR).fingerprint
    assert PretrainedFeatures(moved, COLOUR).fingerprint == before


@pytest.mark.parametrize(
    ("output", "what"),
    [
        (lambda images: (images,), "the network gave a tuple, one tensor of features is needed"),
        (lambda images: {"features": images}, "gave a dict, one tensor"),
        (lambda images: images[:, 0, 0, 0], "gave 2 for 2 images, N x d or N x d x 1 x 1 "),
        (lambda images: images, "gave 2 x 3 x 8 x 8 for 2 images"),
        (lambda images: echo(images)[:1], "gave 1 x 192 for 2 images"),
        (lambda images: echo(images)[:, :, None], "gave 2 x 192 x 1 for 2 images"),
    ],
)
def test_anything_but_a_vector_for_each_image_is_refused(
    output: Callable[[Tensor], Any], what: str
) -> None:
    with pytest.raises(MetricError, match=f"nets/net.pt: .*{what}"):
        PretrainedFeatures(network(output, batch_size=2), COLOUR)


def test_a_network_that_rejects_the_images_is_named_with_what_it_was_given() -> None:
    def reject(images: Tensor) -> Tensor:
        raise AssertionError("Guard failed: x.size()[2] == 224")

    given = r"net\.pt: the network does not take 2 x 3 x 8 x 8 uint8 images "
    reason = r"\(Guard failed: x\.size\(\)\[2\] == 224\); state what it takes in net\.pt\.json"
    with pytest.raises(MetricError, match=given + reason):
        PretrainedFeatures(network(reject, batch_size=2), COLOUR)


def test_colour_for_a_network_of_grey_images_is_refused() -> None:
    with pytest.raises(MetricError, match=r"nets/net\.pt: images of 3 channels cannot"):
        PretrainedFeatures(network(pixels=PixelRules(channels=1)), COLOUR)


def test_the_gist_of_an_error_is_one_line() -> None:
    trace = "The following operation failed.\nTraceback:\n  code\nRuntimeError: mat1 and mat2\n"
    assert gist(RuntimeError(trace)) == "mat1 and mat2"
    assert gist(ValueError("first\nsecond")) == "first"
    assert gist(NotImplementedError()) == "NotImplementedError"


def test_a_network_that_does_not_run_on_the_gpu_runs_on_the_cpu(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    asked = []

    def load(device: torch.device) -> PretrainedNetwork:
        asked.append(device.type)
        if device.type == "cuda":
            raise MetricError("nets/net.pt: made for the CPU")
        return network()

    assert on_fastest_device(load, COLOUR).dim == 192
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert on_fastest_device(load, COLOUR).dim == 192
    assert asked[-2:] == ["cuda", "cpu"]
    assert "no features on the GPU, trying the CPU: nets/net.pt: made for the CPU" in caplog.text
