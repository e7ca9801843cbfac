"""The measure of a sweep: its real splits, features and modes, opened once in each process."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from torch import Tensor

from gan_models.data.dataset import Split, Splits
from gan_models.data.load import load_splits
from gan_models.data.source import DataSource
from gan_models.features.base import FeatureExtractor, ModeAssigner
from gan_models.features.resolve import resolve_features
from gan_models.metrics.evaluate import score_samples
from gan_models.metrics.protocol import Protocol
from gan_models.metrics.reference import Reference, build_reference
from gan_models.metrics.scores import Scores


@dataclass(frozen=True)
class Yardstick:
    """Everything that scores are taken against; references are built when first asked for."""

    splits: Splits
    extractor: FeatureExtractor
    modes: ModeAssigner | None
    _references: dict[Split, Reference] = field(default_factory=dict)

    def reference(self, split: Split) -> Reference:
        """Return the real side of every score against ``split``.

        Raises:
            MetricError: if the split has too few samples.
        """
        if split not in self._references:
            self._references[split] = build_reference(self.splits[split], split, self.extractor)
        return self._references[split]

    def score(self, fakes: Tensor, split: Split) -> Scores:
        """Score stored fakes against a split."""
        return score_samples(fakes, self.reference(split), self.extractor, self.modes)

    def protocol(self, split: Split, *, n_fake: int, seed: int) -> Protocol:
        """Return what scores of ``n_fake`` fakes drawn by ``seed`` depend on."""
        return self.reference(split).protocol(n_fake=n_fake, seed=seed)


def open_yardstick(data: Mapping[str, str], features: str) -> Yardstick:
    """Load the data and its feature network; a second call in the same process reuses both.

    Raises:
        DataError: if the data cannot be read or used.
        MetricError: if the features cannot be taken of such samples.
    """
    return _open(json.dumps(dict(data), sort_keys=True), features)


@lru_cache(maxsize=2)
def _open(data: str, features: str) -> Yardstick:
    splits = load_splits(DataSource.from_mapping(json.loads(data)))
    extractor, modes = resolve_features(features, splits)
    return Yardstick(splits, extractor, modes)
