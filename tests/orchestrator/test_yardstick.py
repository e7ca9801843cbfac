from dataclasses import replace
from math import isnan
from pathlib import Path

import pytest
import torch

from gan_models.data.dataset import Split
from gan_models.errors import DataError, MetricError
from gan_models.metrics.perfect import perfect_coverage
from orchestrator.yardstick import open_yardstick

RING = {"name": "ring8"}


def test_data_are_opened_once_in_a_process() -> None:
    assert open_yardstick(RING, "auto") is open_yardstick(dict(RING), "auto")
    assert open_yardstick(RING, "auto") is not open_yardstick({"name": "grid25"}, "auto")


def test_each_split_is_summarised_once() -> None:
    yardstick = open_yardstick(RING, "auto")
    reference = yardstick.reference(Split.SELECT)
    assert yardstick.reference(Split.SELECT) is reference
    assert yardstick.reference(Split.CERTIFY) is not reference
    assert len(reference) == len(yardstick.splits.select) == 3333


def test_real_samples_score_as_real_ones_do() -> None:
    yardstick = open_yardstick(RING, "auto")
    reals = yardstick.splits.certify.stored[:1000]
    scores = yardstick.score(reals, Split.SELECT)
    assert scores.fid < 0.01
    assert scores.modes == 8
    expected = perfect_coverage(n_real=3333, n_fake=1000, k=5)
    assert scores.coverage == pytest.approx(expected, abs=0.03)


def test_a_reference_does_not_depend_on_the_threads_that_were_allowed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    digits = open_yardstick({"name": "digits"}, "random-conv")
    before = torch.get_num_threads()
    references = []
    try:
        for num_threads in (1, 2):
            torch.set_num_threads(num_threads)
            monkeypatch.setenv("GANORCH_CACHE", str(tmp_path / str(num_threads)))
            references.append(replace(digits, _references={}).reference(Split.SELECT))
    finally:
        torch.set_num_threads(before)
    assert torch.equal(references[0].features, references[1].features)
    assert torch.equal(references[0].gaussian.factor, references[1].gaussian.factor)


def test_what_cannot_be_opened_is_refused() -> None:
    with pytest.raises(DataError, match="does not exist"):
        open_yardstick({"path": "/nowhere"}, "auto")
    with pytest.raises(MetricError, match="features = 'classifer': did you mean 'classifier'"):
        open_yardstick(RING, "classifer")


def test_by_class_real_samples_score_as_real_ones_do_and_wrong_labels_are_seen() -> None:
    yardstick = open_yardstick(RING, "auto")
    part = yardstick.splits.certify
    assert part.labels is not None

    plain, right = yardstick.score_by_class(part.stored, part.labels, Split.SELECT)
    _, wrong = yardstick.score_by_class(part.stored, (part.labels + 1) % 8, Split.SELECT)

    assert plain == yardstick.score(part.stored, Split.SELECT)
    assert right.intra_fid < 0.001 < 0.1 < wrong.intra_fid
    assert right.class_coverage > 0.9
    assert wrong.class_coverage < 0.01
    assert right.label_consistency > 0.95
    assert wrong.label_consistency < 0.01


def test_fakes_that_are_not_finite_have_no_score_by_class() -> None:
    yardstick = open_yardstick(RING, "auto")
    scores, by_class = yardstick.score_by_class(
        torch.full((50, 2), torch.nan), torch.zeros(50, dtype=torch.int64), Split.SELECT
    )
    assert isnan(scores.fid)
    assert all(isnan(value) for value in by_class.to_mapping().values())
