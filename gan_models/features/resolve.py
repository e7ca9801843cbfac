"""The features and modes that fit a data set, by name."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import torch

from gan_models.data.dataset import Dataset, Splits
from gan_models.errors import MetricError, nearest
from gan_models.features.base import FeatureExtractor, ModeAssigner
from gan_models.features.cache import cached_tensors
from gan_models.features.classifier import (
    RECIPE,
    ClassifierFeatures,
    build_classifier,
    count_classes,
    train_classifier,
)
from gan_models.features.identity import IdentityFeatures
from gan_models.features.inception import inception_features
from gan_models.features.modes import ClassifierModes, NearestCentreModes
from gan_models.features.random_conv import RandomConvFeatures
from gan_models.features.random_fourier import RandomFourierFeatures
from gan_models.features.stacked import StackedFeatures, StackedModes, unstack
from gan_models.features.torchscript import torchscript_features
from gan_models.samples import SampleKind, SampleSpec

FEATURE_NAMES = {
    "auto": "identity for points, classifier for labelled images, random-conv for others",
    "identity": "the values themselves: points, ready-made features, images of up to 4096 values",
    "classifier": "64 features of a small classifier trained once on the labels of the train split",
    "random-fourier": "64 random waves of points: sees lost modes that mean and covariance hide",
    "random-conv": "64 features of a fixed random convolutional network, for unlabelled images",
    "torchscript:FILE": "a scripted, traced or exported network; FILE.json states what it takes",
    "inception:FILE": "Inception-2015 of torch-fidelity with its weights; an optional extra",
}

_MAX_IDENTITY_VALUES = 4096
_STACKED_DIGITS = "stacked-digits"
_NUM_DIGITS = 10

Resolved = tuple[FeatureExtractor, ModeAssigner | None]


def resolve_features(name: str, splits: Splits, *, cache_dir: Path | None = None) -> Resolved:
    """Return the feature extractor of this name for this data, and what names modes, if any.

    A classifier is trained on the train split at the first call (seconds), and read from the
    cache afterwards. With features from a file, images with labels have the classifier's modes.

    Args:
        name: one of ``FEATURE_NAMES``; a file is relative to the working directory, ``~`` is home.
        splits: only the train split is looked at.
        cache_dir: where trained feature networks are kept; None means the user's cache.

    Raises:
        MetricError: if the name is unknown or does not fit the data, or a file is missing, broken
            or does not fit the data; says what to use.
    """
    train = splits.train
    kind, _, file = name.partition(":")
    if kind in _FROM_FILE:
        return _from_file(kind, file, train, cache_dir)
    if name not in FEATURE_NAMES:
        raise MetricError(f"features = '{name}': {nearest(name, FEATURE_NAMES)}")
    return _BUILDERS[_fitting(train) if name == "auto" else name](train, cache_dir)


def resolve_label_judge(splits: Splits, *, cache_dir: Path | None = None) -> ModeAssigner | None:
    """Return what says the class of a sample without having learnt from the train split.

    The known centres of points, or a classifier of the select split, which is trained at the first
    call and read from the cache afterwards. None without labels that either can say.
    """
    if count_classes(splits.train) < 2:
        return None
    if splits.sample.kind is SampleKind.POINT:
        return _centre_modes(splits.train)
    return _classifier(splits.select, cache_dir)[1]


def _fitting(train: Dataset) -> str:
    if train.sample.kind is SampleKind.POINT:
        return "identity"
    return "classifier" if count_classes(train) >= 2 else "random-conv"


def _identity(train: Dataset, cache_dir: Path | None) -> Resolved:
    if train.sample.num_values > _MAX_IDENTITY_VALUES:
        raise MetricError(
            f"features = 'identity': samples of {train.name} have {train.sample.num_values} "
            f"values, at most {_MAX_IDENTITY_VALUES} are allowed; use '{_fitting(train)}'"
        )
    return IdentityFeatures(train.sample), _centre_modes(train)


def _centre_modes(train: Dataset) -> ModeAssigner | None:
    return NearestCentreModes(train.modes) if train.modes else None


def _random_fourier(train: Dataset, cache_dir: Path | None) -> Resolved:
    if train.sample.kind is not SampleKind.POINT:
        raise MetricError(
            f"features = 'random-fourier': only for points, and {train.name} holds "
            f"{train.sample.kind}s; use '{_fitting(train)}'"
        )
    return RandomFourierFeatures(train), _centre_modes(train)


def _random_conv(train: Dataset, cache_dir: Path | None) -> Resolved:
    _check_images(train, "random-conv")
    return RandomConvFeatures(train.sample), None


def _classifier(train: Dataset, cache_dir: Path | None) -> Resolved:
    _check_images(train, "classifier")
    if train.name == _STACKED_DIGITS:
        single = _trained(unstack(train, _NUM_DIGITS), cache_dir)
        num_channels = train.sample.shape[0]
        modes = StackedModes(ClassifierModes(single), num_channels)
        return StackedFeatures(single, num_channels), modes
    features = _trained(train, cache_dir)
    return features, ClassifierModes(features)


def _from_file(kind: str, file: str, train: Dataset, cache_dir: Path | None) -> Resolved:
    if not file:
        raise MetricError(f"features = '{kind}': name the file, as {kind}:FILE")
    _check_images(train, f"{kind}:{file}")
    extractor = _FROM_FILE[kind](Path(file).expanduser(), train.sample)
    modes = _classifier(train, cache_dir)[1] if count_classes(train) >= 2 else None
    return extractor, modes


def _trained(train: Dataset, cache_dir: Path | None) -> ClassifierFeatures:
    classifier = build_classifier(train, RECIPE)
    recipe = {
        **asdict(RECIPE),
        "train": train.fingerprint,
        "num_classes": count_classes(train),
        "torch": torch.__version__,
    }
    weights = cached_tensors(
        "classifier",
        recipe,
        lambda: train_classifier(train, RECIPE).state_dict(),
        cache_dir=cache_dir,
    )
    classifier.load_state_dict(weights)
    return ClassifierFeatures(f"{train.name}-classifier", train.sample, classifier)


def _check_images(train: Dataset, name: str) -> None:
    if train.sample.kind is not SampleKind.IMAGE:
        raise MetricError(
            f"features = '{name}': only for images, and {train.name} holds "
            f"{train.sample.kind}s; use 'identity'"
        )


_BUILDERS: dict[str, Callable[[Dataset, Path | None], Resolved]] = {
    "identity": _identity,
    "classifier": _classifier,
    "random-conv": _random_conv,
    "random-fourier": _random_fourier,
}

_FROM_FILE: dict[str, Callable[[Path, SampleSpec], FeatureExtractor]] = {
    "torchscript": torchscript_features,
    "inception": inception_features,
}
