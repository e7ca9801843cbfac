"""The measure of a sweep: its real splits, features and modes, opened once in each process."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from math import nan

from torch import Tensor

from gan_models.data.dataset import Split, Splits
from gan_models.data.load import load_splits
from gan_models.data.source import DataSource
from gan_models.features.base import FeatureExtractor, ModeAssigner
from gan_models.features.resolve import resolve_features, resolve_label_judge
from gan_models.metrics.evaluate import score_samples
from gan_models.metrics.per_class import (
    ClassScores,
    RealClass,
    label_consistency,
    real_classes,
    score_classes,
)
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
    _real_classes: dict[Split, list[RealClass | None]] = field(default_factory=dict)

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

    def score_by_class(
        self, fakes: Tensor, labels: Tensor, split: Split
    ) -> tuple[Scores, ClassScores]:
        """Score stored fakes against a split, as they are and by the classes asked for."""
        features = self.extractor(fakes)
        scores = score_samples(
            fakes, self.reference(split), self.extractor, self.modes, features=features
        )
        if not features.isfinite().all():
            return scores, ClassScores()
        intra_fid, class_coverage = score_classes(self._classes_of(split), features, labels)
        judge = self._label_judge
        return scores, ClassScores(
            intra_fid=intra_fid,
            class_coverage=class_coverage,
            label_consistency=nan if judge is None else label_consistency(judge, fakes, labels),
        )

    def protocol(self, split: Split, *, n_fake: int, seed: int) -> Protocol:
        """Return what scores of ``n_fake`` fakes drawn by ``seed`` depend on."""
        return self.reference(split).protocol(n_fake=n_fake, seed=seed)

    @cached_property
    def _label_judge(self) -> ModeAssigner | None:
        return resolve_label_judge(self.splits)

    def _classes_of(self, split: Split) -> Sequence[RealClass | None]:
        """Return the reals of each class; none where the data has no labels."""
        labels, classes = self.splits[split].labels, self.splits.sample.classes
        if labels is None or classes is None:
            return ()
        if split not in self._real_classes:
            features = self.reference(split).features
            self._real_classes[split] = real_classes(features, labels, len(classes))
        return self._real_classes[split]


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
