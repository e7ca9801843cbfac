"""Every metric between two sets: real samples, and fakes from a file, a model or a run."""

from dataclasses import dataclass, replace
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gan_models.data.dataset import Dataset, Split, Splits
from gan_models.data.load import load_splits, read_samples
from gan_models.data.source import DATASET_NAMES, DataSource
from gan_models.data.unsplit import UnsplitData
from gan_models.errors import DataError, MetricError, nearest
from gan_models.metrics.evaluate import score_samples
from gan_models.metrics.extractors import resolve_features
from gan_models.metrics.neighbours import DEFAULT_K, check_enough
from gan_models.metrics.protocol import Protocol
from gan_models.metrics.reference import build_reference
from gan_models.metrics.scores import Scores
from gan_models.model_folder import load_model
from gan_models.samples import SampleSpec
from gan_models.seeds import derive_seed
from orchestrator.errors import UsageError
from orchestrator.generators import generator_folder

DEFAULT_NUM_DRAWN = 2000  # fakes drawn from a generator
ALL = "all"  # in a protocol: the reference is every sample, not one split of them

_SINGLE_NUMBERS = (
    "precision",
    "recall",
    "density",
    "coverage",
    "modes",
    "mode_entropy",
    "high_quality_frac",
)


@dataclass(frozen=True)
class SetScores:
    """Scores of a set of fakes, the protocol they were taken by, and the features' name."""

    scores: Scores
    protocol: Protocol
    features: str

    def to_mapping(self) -> dict[str, Any]:
        """Return ``metrics``, ``protocol`` and ``protocol_hash`` as plain data."""
        values = {key: _plain(value) for key, value in self.scores.to_mapping().items()}
        halves = {"value": values["fid"], "half_a": values["fid_a"], "half_b": values["fid_b"]}
        return {
            "metrics": {"fid": halves} | {name: values[name] for name in _SINGLE_NUMBERS},
            "protocol": {**self.protocol.to_mapping(), "features_name": self.features},
            "protocol_hash": self.protocol.hash,
        }


@dataclass(frozen=True)
class _Reals:
    """What the reference is made of, and the splits by which features are resolved."""

    splits: Splits
    reference: Dataset
    part: str


def score_sets(
    real: str,
    fake: Path,
    *,
    features: str = "auto",
    num_fakes: int | None = None,
    seed: int = 0,
) -> SetScores:
    """Score fakes against reals.

    The reference is the certify split of a named data set, which a sweep on it has not touched,
    and every sample of a user's own data. A feature network learns on the train split of either,
    as in a sweep.

    Args:
        real: the name of a data set, or the path of a file or folder of samples.
        fake: a file or folder of samples, a model folder, or a run folder (its best).
        features: a name of ``FEATURE_NAMES``.
        num_fakes: how many to draw from a generator, or to take from the samples; None for
            2,000 of a generator, or all samples.
        seed: by which fakes are drawn, or shuffled.

    Raises:
        GanModelsError: if either side cannot be read, or scored against the other.
        UsageError: if a run has no generator yet, or there are fewer fakes than asked for.
    """
    reals = _open_reals(real)
    check_enough(len(reals.reference), DEFAULT_K, real)
    fakes = _open_fakes(fake, num_fakes, seed=seed, beside=(real, reals.splits.sample))
    extractor, modes = resolve_features(features, reals.splits)
    reference = build_reference(reals.reference, Split.CERTIFY, extractor)
    protocol = replace(reference.protocol(n_fake=len(fakes), seed=seed), split=reals.part)
    scores = score_samples(fakes, reference, extractor, modes)
    return SetScores(scores, protocol, extractor.name)


def _open_reals(real: str) -> _Reals:
    if real in DATASET_NAMES:
        splits = load_splits(DataSource(name=real))
        return _Reals(splits, splits.certify, str(Split.CERTIFY))
    path = Path(real).expanduser()
    if not path.exists():
        known = nearest(real, DATASET_NAMES)
        raise DataError(f"{real}: no such file or folder, nor the name of a data set; {known}")
    data = read_samples(path)
    return _Reals(data.split(seed=0), data.subset(np.arange(len(data))), ALL)


def _open_fakes(
    path: Path, num: int | None, *, seed: int, beside: tuple[str, SampleSpec]
) -> Tensor:
    folder = generator_folder(path) if path.is_dir() else None
    if folder is not None:
        model = load_model(folder)
        _check_alike((str(path), model.sample), beside)
        return model.draw(num or DEFAULT_NUM_DRAWN, seed=seed)
    data = read_samples(path.expanduser())
    _check_alike((str(path), SampleSpec(data.kind, data.samples.shape[1:])), beside)
    return _shuffled(data, num, seed=seed, place=str(path))


def _check_alike(fake: tuple[str, SampleSpec], real: tuple[str, SampleSpec]) -> None:
    if fake[1] != real[1]:
        raise MetricError(
            f"{_describe(*fake)} cannot be scored against {_describe(*real)}: "
            "both must have one kind and shape"
        )


def _describe(name: str, sample: SampleSpec) -> str:
    return f"{name} ({sample.kind}s of {' x '.join(map(str, sample.shape))})"


def _shuffled(data: UnsplitData, num: int | None, *, seed: int, place: str) -> Tensor:
    """Take fakes in random order: files come sorted by class, and halves of them would differ."""
    if num is not None and num > len(data):
        raise UsageError(f"{place}: holds {len(data)} samples, but {num} were asked for")
    order = np.random.default_rng(derive_seed(seed, "score")).permutation(len(data))
    return torch.from_numpy(data.samples[order[:num]])


def _plain(value: float) -> float | None:
    return value if isfinite(value) else None
