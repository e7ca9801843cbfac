"""Features of a small classifier that learns the labels of the train split.

Fakes and held-out reals are then compared by what tells the classes apart. The recipe is
regularised so that images the classifier has seen and images it has not give alike features:
otherwise a generator would be punished for resembling its own training data.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from gan_models.data.dataset import Dataset
from gan_models.errors import MetricError
from gan_models.features.network import (
    FEATURE_DIM,
    LEAK,
    FeatureNetwork,
    apply_in_batches,
    build_seeded,
    weights_fingerprint,
)
from gan_models.samples import SampleSpec
from gan_models.seeds import torch_generator
from gan_models.threads import pinned_threads


@dataclass(frozen=True, kw_only=True)
class TrainingRecipe:
    """Everything besides the data that determines the weights; part of their cache key."""

    version: int = 1  # to be raised when code, not a number here, moves a weight
    init_gain: float = 3**-0.5  # small, as torch's default: features keep little untrained noise
    num_steps: int = 800
    batch_size: int = 64
    peak_lr: float = 2e-3
    weight_decay: float = 0.01
    label_smoothing: float = 0.1
    noise_std: float = 0.2  # of pixels in [-1, 1]
    shift_frac: float = 1 / 8  # of the shorter side


RECIPE = TrainingRecipe()


class ImageClassifier(nn.Module):
    """Class logits on top of a feature network."""

    def __init__(self, sample: SampleSpec, num_classes: int) -> None:
        super().__init__()
        self.features = FeatureNetwork(sample)
        self.head = nn.Linear(FEATURE_DIM, num_classes)

    def forward(self, images: Tensor) -> Tensor:
        """Return N x ``num_classes`` logits."""
        return self.classify_features(self.features(images))

    def classify_features(self, features: Tensor) -> Tensor:
        """Return the logits of N x 64 features."""
        logits: Tensor = self.head(functional.leaky_relu(features, LEAK))
        return logits


class ClassifierFeatures:
    """The 64 penultimate values of a classifier; also names the class of a sample."""

    dim = FEATURE_DIM

    def __init__(self, name: str, sample: SampleSpec, classifier: ImageClassifier) -> None:
        self.name = name
        self.sample = sample
        self.num_classes = classifier.head.out_features
        self.fingerprint = weights_fingerprint(
            f"classifier 2 {sample.shape}", classifier.state_dict()
        )
        # Small convolutions are faster with the channels of a pixel side by side.
        self._classifier = classifier.eval()
        self._classifier.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._latest: tuple[Tensor, int, Tensor] | None = None

    def __call__(self, stored: Tensor) -> Tensor:
        """Return N x 64 float32 features on the CPU.

        Those of the latest samples are kept: scoring asks for the features of fakes, and then for
        their classes.
        """
        if self._latest is None or not _is_same(stored, *self._latest[:2]):
            features = apply_in_batches(self._classifier.features, self.sample, stored)
            self._latest = (stored, stored._version, features)
        return self._latest[2]

    @torch.no_grad()
    def classify(self, stored: Tensor) -> Tensor:
        """Return the N most likely classes (int64)."""
        return self._classifier.classify_features(self(stored)).argmax(dim=1)


def _is_same(stored: Tensor, latest: Tensor, version: int) -> bool:
    """Say whether it is the same tensor, with nothing written into it since."""
    return stored is latest and stored._version == version


def count_classes(train: Dataset) -> int:
    """Return how many classes a data set's labels name; 0 without labels."""
    if train.labels is None:
        return 0
    return train.num_classes or int(train.labels.max()) + 1


def build_classifier(train: Dataset, recipe: TrainingRecipe = RECIPE) -> ImageClassifier:
    """Return the untrained classifier for a data set; its weights depend on the recipe alone.

    Raises:
        MetricError: if the labels do not name at least two classes.
    """
    num_classes = count_classes(train)
    if num_classes < 2:
        raise MetricError(
            f"{train.name}: classifier features need labels of at least 2 classes, "
            f"there are {num_classes}; use features 'random-conv'"
        )
    return build_seeded(
        lambda: ImageClassifier(train.sample, num_classes),
        *(recipe.version, "classifier", "init"),
        gain=recipe.init_gain,
    )


def train_classifier(train: Dataset, recipe: TrainingRecipe = RECIPE) -> ImageClassifier:
    """Train a classifier on labelled images: the same data gives the same weights, bit for bit.

    Takes a few CPU-seconds for 8 x 8 images, and about a minute for 64 x 64 in colour.

    Raises:
        MetricError: if the labels do not name at least two classes.
    """
    classifier = build_classifier(train, recipe)
    optimiser = torch.optim.AdamW(classifier.parameters(), weight_decay=recipe.weight_decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, recipe.peak_lr, total_steps=recipe.num_steps
    )
    generator = torch_generator("cpu", recipe.version, "classifier", "batches")
    with pinned_threads(1), torch.enable_grad():
        for _ in range(recipe.num_steps):
            images, labels = _draw_batch(train, recipe, generator)
            loss = functional.cross_entropy(
                classifier(images), labels, label_smoothing=recipe.label_smoothing
            )
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
    return classifier.requires_grad_(False).eval()


def _draw_batch(
    train: Dataset, recipe: TrainingRecipe, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    assert train.labels is not None
    rows = torch.randint(len(train), (recipe.batch_size,), generator=generator)
    rows = rows.to(train.stored.device)
    images = train.sample.encode(train.stored[rows].cpu())
    images = _shift(images, recipe.shift_frac, generator)
    noise = recipe.noise_std * torch.randn(images.shape, generator=generator)
    return images + noise, train.labels[rows].cpu()


def _shift(images: Tensor, shift_frac: float, generator: torch.Generator) -> Tensor:
    """Move each image by up to ``shift_frac`` of its shorter side; the border fills with black."""
    num_images, num_channels, height, width = images.shape
    reach = max(1, int(min(height, width) * shift_frac))
    padded = functional.pad(images, (reach,) * 4, value=-1.0)
    corners = torch.randint(2 * reach + 1, (2, num_images, 1), generator=generator)
    rows = corners[0] + torch.arange(height)
    columns = corners[1] + torch.arange(width)
    return padded[
        torch.arange(num_images)[:, None, None, None],
        torch.arange(num_channels)[:, None, None],
        rows[:, None, :, None],
        columns[:, None, None, :],
    ]
