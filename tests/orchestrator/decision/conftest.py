"""Synthetic curves whose true course is known."""

from collections.abc import Callable, Sequence
from math import exp, nan

import numpy as np
import pytest

from orchestrator.records import Evaluation

MakeRows = Callable[..., list[Evaluation]]


@pytest.fixture
def make_rows() -> MakeRows:
    """Return a builder of rows from FIDs, and coverages where they were measured."""

    def make(
        fids: Sequence[float],
        coverages: Sequence[float] | None = None,
        *,
        every_nimg: int = 10_000,
        log_noise: float = 0.0,
        seed: int = 0,
    ) -> list[Evaluation]:
        noise = np.random.default_rng(seed).normal(0.0, log_noise, size=(len(fids), 2))
        return [
            Evaluation(
                run="trial",
                step=100 * index,
                nimg=every_nimg * index,
                fid=fid * exp(float(noise[index].mean())),
                fid_a=fid * exp(float(noise[index, 0])) if log_noise else nan,
                fid_b=fid * exp(float(noise[index, 1])) if log_noise else nan,
                coverage=nan if coverages is None else float(coverages[index]),
            )
            for index, fid in enumerate(map(float, fids))
        ]

    return make
