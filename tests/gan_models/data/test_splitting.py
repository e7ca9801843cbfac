from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gan_models.data.dataset import Split
from gan_models.data.splitting import MIN_SAMPLES, MIN_SAMPLES_PER_SPLIT, split_indices

FRACTIONS = {Split.TRAIN: 2 / 3, Split.SELECT: 1 / 6, Split.CERTIFY: 1 / 6}

label_lists = st.lists(st.integers(0, 6), max_size=200)
seeds = st.integers(0, 2**63 - 1)


@settings(deadline=None)
@given(labels=label_lists, seed=seeds)
def test_splits_are_disjoint_and_cover_every_row(labels: list[int], seed: int) -> None:
    parts = split_indices(len(labels), np.array(labels, dtype=np.int64), seed=seed)

    dealt = np.concatenate([parts[split] for split in Split])
    assert sorted(dealt) == list(range(len(labels)))


@settings(deadline=None)
@given(labels=label_lists, seed=seeds)
def test_each_class_and_the_whole_are_divided_within_one_sample(
    labels: list[int], seed: int
) -> None:
    parts = split_indices(len(labels), np.array(labels, dtype=np.int64), seed=seed)

    for split, rows in parts.items():
        assert abs(len(rows) - FRACTIONS[split] * len(labels)) < 1
        counts = Counter(labels[row] for row in rows)
        for label, total in Counter(labels).items():
            assert abs(counts[label] - FRACTIONS[split] * total) < 1


@settings(deadline=None)
@given(labels=label_lists, seed=seeds)
def test_equal_input_gives_equal_splits(labels: list[int], seed: int) -> None:
    array = np.array(labels, dtype=np.int64)
    first, second = (split_indices(len(labels), array, seed=seed) for _ in range(2))

    assert all(np.array_equal(first[split], second[split]) for split in Split)


def test_the_split_is_pinned_across_machines_and_versions() -> None:
    parts = split_indices(12, seed=0)

    assert {split.value: rows.tolist() for split, rows in parts.items()} == {
        "train": [1, 4, 7, 6, 0, 10, 8, 9],
        "select": [5, 2],
        "certify": [11, 3],
    }


def test_another_seed_gives_another_split() -> None:
    first, second = (split_indices(100, seed=seed)[Split.TRAIN] for seed in (0, 1))

    assert set(first) != set(second)


def test_the_first_rows_of_a_split_are_a_fair_draw() -> None:
    labels = np.repeat([0, 1], 500)

    first = labels[split_indices(1000, labels, seed=0)[Split.SELECT][:100]]

    assert 0.3 < first.mean() < 0.7


def test_neighbouring_rows_do_not_land_by_position() -> None:
    rows = np.sort(split_indices(1000, seed=0)[Split.TRAIN])

    assert len(set(np.diff(rows))) > 3


@pytest.mark.parametrize("num_samples", range(MIN_SAMPLES, MIN_SAMPLES + 6))
def test_the_least_number_of_samples_fills_each_split(num_samples: int) -> None:
    parts = split_indices(num_samples, seed=0)

    assert all(len(rows) >= MIN_SAMPLES_PER_SPLIT for rows in parts.values())


def test_one_sample_fewer_would_not_fill_each_split() -> None:
    parts = split_indices(MIN_SAMPLES - 1, seed=0)

    assert min(map(len, parts.values())) < MIN_SAMPLES_PER_SPLIT
