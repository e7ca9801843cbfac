"""The benchmark of metrics runs, and what it compares with computes the same numbers."""

import re
from collections.abc import Callable

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from torch import Tensor

from benchmarks import metrics, turns
from benchmarks.metric_costs import (
    eigenvalue_frechet,
    square_root_frechet,
    strict_frechet,
    unbiased_mmd,
    vendi_by_definition,
)
from benchmarks.metric_features import inception_like
from benchmarks.metric_neighbours import peak_mb


def run_part(*parts: str) -> list[str]:
    arguments = ["--quick", "--repeats", "1", *(f"--part={part}" for part in parts)]
    result = CliRunner().invoke(metrics.main, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    return list(result.output.splitlines()[1:])


def features(num_samples: int = 60, dim: int = 8) -> tuple[Tensor, Tensor]:
    return inception_like(num_samples, dim, is_fake=False), inception_like(
        num_samples, dim, is_fake=True
    )


def test_contenders_in_one_process_agree() -> None:
    lines = run_part("frechet", "frechet-few", "kernel", "vendi")

    errors = [float(match[1]) for line in lines if (match := re.search(r"error (\S+)$", line))]
    assert len(errors) >= 14
    assert max(errors) < 1e-4  # of the float32 kernels
    assert [line.split()[0] for line in lines if not line.startswith(" ")] == [
        "Fréchet",
        "Fréchet",
        "Kernel",
        "Vendi",
    ]


def test_all_contenders_count_the_same_neighbours() -> None:
    lines = run_part("neighbours")

    counts = [re.search(r"counts (\[.*\])", line) for line in lines[1:]]
    assert len(counts) == 3
    assert len({match[1] for match in counts if match}) == 1


def test_evaluations_run_at_once_pinned_and_not() -> None:
    lines = run_part("at-once")

    assert lines[0].startswith("4 evaluations at once against 2")
    assert lines[1].lstrip().startswith("1 thread(s) each")
    assert all("ratio" in line for line in lines[1:])


def test_fakes_are_other_draws_of_another_spread() -> None:
    real, fakes = features(5000)
    assert real.dtype is torch.float32
    assert float((real == 0).double().mean()) == pytest.approx(0.5, abs=0.02)
    assert float(fakes.mean() / real.mean()) == pytest.approx(1.1, abs=0.03)
    assert not torch.equal(real / real.max(), fakes / fakes.max())


def test_three_ways_to_a_frechet_distance_agree() -> None:
    real, fakes = features()
    one, other = (
        (np.mean(x, axis=0), np.cov(x.T)) for x in (real.double().numpy(), fakes.double().numpy())
    )

    strict = strict_frechet(real, fakes)

    assert eigenvalue_frechet(one, other) == pytest.approx(strict, rel=1e-11)
    assert square_root_frechet(one, other) == pytest.approx(strict, rel=1e-11)


def test_the_strict_distance_of_diagonal_covariances_is_known() -> None:
    corners = torch.tensor([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])
    per_axis = (4 / 3) ** 0.5  # standard deviation of a corner's value

    distance = strict_frechet(
        corners * torch.tensor([2.0, 1.0]), corners + torch.tensor([3.0, 0.0])
    )

    assert distance == pytest.approx(9 + per_axis**2)  # |shift|² + (2 − 1)² variance


def test_the_kernel_oracle_is_a_mean_over_pairs() -> None:
    real, fakes = np.array([[0.0], [1.0]]), np.array([[2.0], [3.0]])
    # (0·1 + 1)³ + (2·3 + 1)³ − 2 mean of 1, 1, (1·2 + 1)³ and (1·3 + 1)³
    assert unbiased_mmd(real, fakes) == pytest.approx(1 + 343 - 2 * (1 + 1 + 27 + 64) / 4)


def test_the_vendi_oracle_counts_orthogonal_samples() -> None:
    assert vendi_by_definition(torch.eye(4)) == pytest.approx(4)
    assert vendi_by_definition(torch.ones(4, 2)) == pytest.approx(1)


def test_peak_memory_counts_what_was_given_back() -> None:
    before = peak_mb()
    size = int((before + 50) * 1e6)  # more than this process has ever held
    np.ones(size, dtype=np.uint8)
    assert peak_mb() > before + 40


def test_turns_alternate_and_are_compared_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []
    clock = iter([0.0, 4.0, 0.0, 1.0, 0.0, 2.0, 0.0, 6.0])
    monkeypatch.setattr(turns, "process_time", lambda: next(clock))

    def contender(name: str, value: float) -> Callable[[], float]:
        def compute() -> float:
            order.append(name)
            return value

        return compute

    found = turns.take_turns(
        {"ours": contender("ours", 1.0), "theirs": contender("theirs", 1.1)}, 2
    )

    assert order == ["theirs", "ours", "ours", "theirs"]
    assert found["ours"].cpu_s == [1.0, 2.0]
    ours, theirs = turns.describe(found, strict=1.0)
    assert "x 3.50 (3.00 to 4.00)" in theirs
    assert theirs.endswith("relative error 1e-01")
    assert "1.500 CPU s   x 1.00" in ours
