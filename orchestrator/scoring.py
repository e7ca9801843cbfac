"""Every metric between two sets: real samples, and fakes from a file, a model or a run."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import nan
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
from gan_models.factories import is_factory, look_in
from gan_models.features.base import FeatureExtractor
from gan_models.features.resolve import resolve_features
from gan_models.metrics.evaluate import score_features
from gan_models.metrics.frechet import checked_features
from gan_models.metrics.modes import score_modes
from gan_models.metrics.perfect import perfect_coverage
from gan_models.metrics.protocol import Protocol
from gan_models.metrics.reference import Reference, build_reference, real_features
from gan_models.metrics.scores import Scores, Scrutiny
from gan_models.metrics.scrutiny import scrutinise
from gan_models.metrics.two_sample import MIN_SAMPLES
from gan_models.metrics.vendi import vendi_score
from gan_models.plugins import DATASETS, plugins
from gan_models.samples import SampleSpec
from gan_models.seeds import derive_seed, torch_generator
from orchestrator.errors import UsageError
from orchestrator.generators import generator_folder, open_generator
from orchestrator.overlap import MOST_SHARED_FRAC, shared_frac
from orchestrator.records import json_ready

DEFAULT_NUM_DRAWN = 2000  # fakes drawn from a generator
_MANY_BINS = 20  # with fewer, the share of those that differ jumps
ALL = "all"  # in a protocol: the reference is every sample, not one split of them


@dataclass(frozen=True)
class SetScores:
    """Every score of a set of fakes, what fakes as good as real would score, and the protocol."""

    scores: Scores
    scrutiny: Scrutiny
    as_good_as_real: Mapping[str, float]
    protocol: Protocol
    features: str
    warning: str = ""

    def to_mapping(self) -> dict[str, Any]:
        """Return ``metrics``, ``as_good_as_real``, ``protocol`` and ``protocol_hash`` as data."""
        values = self.scores.to_mapping() | self.scrutiny.to_mapping()
        fid = {
            "value": values.pop("fid"),
            "debiased": values.pop("fid_debiased"),
            "standard_error": values.pop("fid_standard_error"),
            "floor": self.as_good_as_real["fid"],
            "half_a": values.pop("fid_a"),
            "half_b": values.pop("fid_b"),
        }
        kid = {"value": values.pop("kid"), "standard_error": values.pop("kid_standard_error")}
        values.pop("fair_copies_frac")
        return {
            "metrics": {"fid": json_ready(fid), "kid": json_ready(kid)} | json_ready(values),
            "as_good_as_real": json_ready(self.as_good_as_real),
            "protocol": {**self.protocol.to_mapping(), "features_name": self.features},
            "protocol_hash": self.protocol.hash,
        }


@dataclass(frozen=True)
class _Reals:
    """What the reference is made of, and the splits by which features are resolved.

    ``train`` is what a generator of such data would have learnt from, if that is known.
    """

    splits: Splits
    reference: Dataset
    part: str
    train: Dataset | None


def score_sets(
    real: str,
    fake: Path,
    *,
    train: Path | None = None,
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
        train: what the generator learnt from, for the question whether its fakes are copies;
            None for the train split of a named data set, and not to ask where there is none.
        features: a name of ``FEATURE_NAMES``, with the path of its file where it takes one.
        num_fakes: how many to draw from a generator, or to take from the samples; None for
            2,000 of a generator, or all samples.
        seed: by which fakes are drawn, or shuffled.

    Raises:
        GanModelsError: if either side cannot be read, or scored against the other.
        UsageError: if a run has no generator yet, or there are fewer fakes than asked for.
    """
    reals = _open_reals(real)
    beside = (real, reals.splits.sample)
    fakes = _open_fakes(fake, num_fakes, seed=seed, beside=beside)
    for side, samples in ((real, reals.reference.stored), (str(fake), fakes)):
        _check_enough(len(samples), side)
    learnt_from = reals.train if train is None else _open_train(train, reals, beside)
    extractor, modes = resolve_features(features, reals.splits)
    reference = build_reference(reals.reference, Split.CERTIFY, extractor)
    seen = _features_of(fakes, extractor, str(fake))
    train_seen = None if learnt_from is None else real_features(learnt_from, extractor)
    scrutiny = scrutinise(seen, reference, train_seen, seed=seed)
    return SetScores(
        scores=score_features(seen, reference, score_modes(modes, fakes)),
        scrutiny=scrutiny,
        as_good_as_real=_as_good_as_real(reference, len(fakes), scrutiny),
        protocol=replace(reference.protocol(n_fake=len(fakes), seed=seed), split=reals.part),
        features=extractor.name,
        warning=_warning(fakes, reals.reference),
    )


def _features_of(fakes: Tensor, extractor: FeatureExtractor, place: str) -> Tensor:
    try:
        return checked_features(extractor(fakes), extractor.dim)
    except MetricError as error:
        raise MetricError(f"{place}: {error}") from error


def _as_good_as_real(reference: Reference, n_fake: int, scrutiny: Scrutiny) -> dict[str, float]:
    """Return what fresh reals in place of ``n_fake`` fakes would score on average, where known."""
    has_many_bins = len(reference.bins.real_counts) >= _MANY_BINS
    return {
        "fid": reference.frechet_floor(n_fake),
        "fid_debiased": 0.0,
        "kid": 0.0,
        "density": 1.0,
        "coverage": perfect_coverage(len(reference), n_fake, reference.k),
        "vendi": _vendi_of_reals(reference.features, n_fake),
        "bins_differing_frac": 0.05 if has_many_bins else nan,
        "c2st": 0.5,
        "closer_to_train_frac": 0.5,
        "copies_frac": scrutiny.fair_copies_frac,
    }


def _vendi_of_reals(features: Tensor, num: int) -> float:
    """Return the Vendi score of as many reals, drawn at random: it grows with their number."""
    if num > len(features):
        return nan
    order = torch.randperm(len(features), generator=torch_generator("cpu", 0, "vendi of reals"))
    return vendi_score(features[order[:num]])


def _check_enough(num_samples: int, place: str) -> None:
    if num_samples < MIN_SAMPLES:
        raise MetricError(f"{place}: {num_samples} samples; at least {MIN_SAMPLES} are needed")


def _warning(fakes: Tensor, real: Dataset) -> str:
    shared = shared_frac(fakes, real.stored)
    if shared <= MOST_SHARED_FRAC:
        return ""
    return (
        f"{shared:.0%} of the fakes stand among the reals too: errors and what real samples score "
        "hold for sets that have nothing in common"
    )


def _open_reals(real: str) -> _Reals:
    source = _named_source(real)
    if source is not None:
        splits = load_splits(source)
        return _Reals(splits, splits.certify, str(Split.CERTIFY), splits.train)
    path = Path(real).expanduser()
    if not path.exists():
        known = nearest(real, DATASET_NAMES)
        raise DataError(f"{real}: no such file or folder, nor the name of a data set; {known}")
    data = read_samples(path)
    return _Reals(data.split(seed=0), _whole(data), ALL, None)


def _named_source(real: str) -> DataSource | None:
    """Return a data set of ours, of an installed package or of a user's module; None for a path."""
    if real in DATASET_NAMES or real in plugins(DATASETS, DATASET_NAMES):
        return DataSource(name=real)
    if is_factory(real) and not Path(real).exists():
        look_in([Path.cwd()])
        return DataSource(factory=real)
    return None


def _open_train(path: Path, reals: _Reals, beside: tuple[str, SampleSpec]) -> Dataset:
    data = _whole(read_samples(path.expanduser()))
    _check_alike((str(path), data.sample), beside)
    shared = shared_frac(reals.reference.stored, data.stored)
    if shared > MOST_SHARED_FRAC:
        raise MetricError(
            f"{path}: {shared:.0%} of the reals ({beside[0]}) stand in it too; copies show only "
            "beside reals that the generator did not learn from: give others as --real"
        )
    return data


def _whole(data: UnsplitData) -> Dataset:
    return data.subset(np.arange(len(data)))


def _open_fakes(
    path: Path, num: int | None, *, seed: int, beside: tuple[str, SampleSpec]
) -> Tensor:
    folder = generator_folder(path) if path.is_dir() else None
    if folder is not None:
        model = open_generator(folder)
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
