"""Small data sets, and one trained digits classifier for all tests."""

import pytest
import torch
from sklearn.datasets import load_digits

from gan_models.data.dataset import Dataset, Modes, Splits
from gan_models.features.classifier import ClassifierFeatures, train_classifier
from gan_models.samples import SampleKind
from tests.gan_models.datasets import MakeImages, make_dataset


@pytest.fixture(scope="session")
def digits() -> Splits:
    """899 train, 449 select and 449 certify digits; every class is dealt evenly to all quarters."""
    bunch = load_digits()
    images = (torch.from_numpy(bunch.images)[:, None] * (255 / 16)).round().to(torch.uint8)
    labels = torch.from_numpy(bunch.target)
    generator = torch.Generator().manual_seed(0)
    dealt = [labels.argsort(stable=True)[start::4] for start in range(4)]
    quarters = [rows[torch.randperm(len(rows), generator=generator)] for rows in dealt]
    train, select, certify = (
        make_dataset("digits", SampleKind.IMAGE, images[rows], labels=labels[rows], num_classes=10)
        for rows in (torch.cat(quarters[:2]), quarters[2], quarters[3])
    )
    return Splits(train, select, certify)


@pytest.fixture(scope="session")
def digit_classifier(digits: Splits) -> ClassifierFeatures:
    """The classifier trained on the train digits, by the real recipe."""
    return ClassifierFeatures("digits-classifier", digits.sample, train_classifier(digits.train))


@pytest.fixture
def make_images() -> MakeImages:
    """Return a maker of random images, with labels if ``num_classes`` is given."""

    def make(
        shape: tuple[int, int, int] = (1, 8, 8), *, count: int = 40, num_classes: int = 0
    ) -> Dataset:
        generator = torch.Generator().manual_seed(1)
        stored = torch.randint(256, (count, *shape), dtype=torch.uint8, generator=generator)
        labels = torch.arange(count) % num_classes if num_classes else None
        return make_dataset(
            "images", SampleKind.IMAGE, stored, labels=labels, num_classes=num_classes or None
        )

    return make


@pytest.fixture
def ring() -> Dataset:
    """4000 points of 8 Gaussians on the unit circle, standard deviation 0.02."""
    generator = torch.Generator().manual_seed(2)
    angles = 2 * torch.pi * torch.arange(8) / 8
    centres = torch.stack([angles.cos(), angles.sin()], dim=1)
    points = centres[torch.arange(4000) % 8] + 0.02 * torch.randn(4000, 2, generator=generator)
    return make_dataset("ring8", SampleKind.POINT, points, modes=Modes(centres, 0.02))
