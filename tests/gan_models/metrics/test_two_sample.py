"""Against scikit-learn's classifier, and what equal, far and collapsed distributions must give."""

import numpy as np
import pytest
import torch
from sklearn.neighbors import KNeighborsClassifier
from torch import Tensor

from gan_models.errors import MetricError
from gan_models.metrics import two_sample
from gan_models.metrics.two_sample import TwoSample, two_sample_accuracy


def draw(n: int, d: int, seed: int, *, shift: float = 0.0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, d, dtype=torch.float64, generator=generator) + shift


def null_accuracies() -> np.ndarray:
    scores = [
        two_sample_accuracy(draw(100, 3, 2 * seed), draw(120, 3, 2 * seed + 1), seed=seed)
        for seed in range(150)
    ]
    return np.array([score.accuracy for score in scores])


def test_equal_distributions_cannot_be_told_apart_and_spread_as_coins_do() -> None:
    found = null_accuracies()
    coin = (1 / (4 * 100)) ** 0.5
    assert found.mean() == pytest.approx(0.5, abs=3 * coin / 150**0.5)
    assert 0.8 * coin < found.std() < 1.15 * coin


def test_sets_far_apart_are_always_told() -> None:
    scores = two_sample_accuracy(draw(60, 3, 0), draw(60, 3, 1, shift=20), seed=0)
    assert scores == TwoSample(accuracy=1.0, standard_error=0.0)


def test_a_generator_of_one_mode_of_two_is_told() -> None:
    real = draw(400, 3, 0) + 8 * (torch.arange(400) % 2)[:, None]
    assert two_sample_accuracy(real, 0.2 * draw(400, 3, 1), seed=0).accuracy > 0.8


def test_copies_of_one_real_are_told() -> None:
    real = draw(400, 3, 0)
    assert two_sample_accuracy(real, real[:1].expand(400, 3), seed=0).accuracy > 0.95


def test_the_larger_set_is_cut_to_the_smaller_and_the_error_is_binomial() -> None:
    scores = two_sample_accuracy(draw(31, 2, 0), draw(500, 2, 1, shift=1.0), seed=0)
    accuracy = scores.accuracy
    assert 0.5 < accuracy < 1
    assert scores.standard_error == pytest.approx((accuracy * (1 - accuracy) / 30) ** 0.5)


def test_the_seed_alone_decides_the_split() -> None:
    real, fakes = draw(80, 2, 0), draw(80, 2, 1, shift=0.7)
    torch.manual_seed(0)
    state = torch.random.get_rng_state()
    first = two_sample_accuracy(real, fakes, seed=0)
    assert torch.equal(torch.random.get_rng_state(), state)
    assert two_sample_accuracy(real, fakes, seed=0) == first
    others = {two_sample_accuracy(real, fakes, seed=seed).accuracy for seed in range(1, 6)}
    assert len(others | {first.accuracy}) > 1


def test_votes_are_those_of_scikit_learn(monkeypatch: pytest.MonkeyPatch) -> None:
    halves: list[Tensor] = []
    split = two_sample._two_halves

    def remembering(samples: Tensor, *args: object) -> tuple[Tensor, Tensor]:
        halves.extend(split(samples, *args))  # type: ignore[arg-type]
        return halves[-2], halves[-1]

    monkeypatch.setattr(two_sample, "_two_halves", remembering)
    scores = two_sample_accuracy(draw(120, 4, 0), draw(120, 4, 1, shift=0.6), seed=3)
    labels = np.repeat([0, 1], 60)
    # k = 10 is even; the probabilities show the split votes.
    sklearns = KNeighborsClassifier(10).fit(torch.cat(halves[::2]), labels)
    shares = sklearns.predict_proba(torch.cat(halves[1::2]))[np.arange(120), labels]
    assert scores.accuracy == ((shares > 0.5).sum() + 0.5 * (shares == 0.5).sum()) / 120
    assert (shares == 0.5).any()


def test_identical_samples_are_no_evidence_either_way() -> None:
    same = torch.ones(200, 2)
    found = [two_sample_accuracy(same, same.clone(), seed=seed).accuracy for seed in range(10)]
    assert found == [0.5] * 10


@pytest.mark.parametrize(("n_real", "n_fake", "what"), [(9, 20, "reals"), (20, 9, "fakes")])
def test_too_few_samples_are_refused(n_real: int, n_fake: int, what: str) -> None:
    with pytest.raises(MetricError, match=f"two-sample test: 9 {what}; at least 10 are needed"):
        two_sample_accuracy(draw(n_real, 2, 0), draw(n_fake, 2, 1), seed=0)


def test_features_of_another_space_are_refused() -> None:
    with pytest.raises(MetricError, match="features of 2 and of 3 values each"):
        two_sample_accuracy(draw(20, 2, 0), draw(20, 3, 1), seed=0)
