"""Evaluations at once: what sharing the cores costs, with threads pinned and without."""

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from math import nan
from multiprocessing import get_context
from os import cpu_count
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import NamedTuple

from torch import Tensor

from benchmarks.metric_features import inception_like
from benchmarks.turns import spread
from gan_models.data.dataset import Dataset, Split
from gan_models.features.identity import IdentityFeatures
from gan_models.metrics.evaluate import score_features
from gan_models.metrics.modes import ModeScores
from gan_models.metrics.reference import Reference, build_reference
from gan_models.samples import SampleKind, SampleSpec
from gan_models.threads import pinned_threads

FEW, MANY = 2, 4  # evaluations at once
NO_MODES = ModeScores(nan, nan, nan)


class Side(NamedTuple):
    """What a worker keeps between its evaluations."""

    reference: Reference
    fakes: Tensor


_worker: list[Side] = []  # one entry, in a worker


def concurrency_costs(num_samples: int, dim: int, repeats: int) -> Iterator[str]:
    """Compare the time of four evaluations at once with that of two, pinned and not."""
    yield (
        f"{MANY} evaluations at once against {FEW}: {num_samples} reals and fakes, d = {dim}, "
        f"{cpu_count()} cores"
    )
    with TemporaryDirectory() as cache:
        _reference(num_samples, dim, Path(cache))  # computed here, read by the workers
        with ProcessPoolExecutor(
            MANY,
            mp_context=get_context("spawn"),
            initializer=_prepare,
            initargs=(num_samples, dim, Path(cache)),
        ) as pool:
            _seconds_at_once(pool, MANY, num_threads=1)  # not counted: starts the workers
            for num_threads in (1, cpu_count() or 1):
                yield _compare(pool, num_threads, repeats)


def _compare(pool: ProcessPoolExecutor, num_threads: int, repeats: int) -> str:
    few, many = [], []
    for _ in range(repeats):
        few.append(_seconds_at_once(pool, FEW, num_threads=num_threads))
        many.append(_seconds_at_once(pool, MANY, num_threads=num_threads))
    ratios = [one / other for one, other in zip(many, few, strict=True)]
    return (
        f"  {num_threads} thread(s) each: {FEW} at once {spread(few)} s   "
        f"{MANY} at once {spread(many)} s   ratio {spread(ratios)}"
    )


def _seconds_at_once(pool: ProcessPoolExecutor, count: int, *, num_threads: int) -> float:
    start_s = perf_counter()
    running = [pool.submit(_evaluate, num_threads) for _ in range(count)]
    for evaluation in running:
        evaluation.result()
    return perf_counter() - start_s


def _prepare(num_samples: int, dim: int, cache: Path) -> None:
    fakes = inception_like(num_samples, dim, is_fake=True)
    _worker.append(Side(_reference(num_samples, dim, cache), fakes))


def _evaluate(num_threads: int) -> None:
    (side,) = _worker
    with pinned_threads(num_threads):
        score_features(side.fakes, side.reference, NO_MODES)


def _reference(num_samples: int, dim: int, cache: Path) -> Reference:
    spec = SampleSpec(SampleKind.POINT, (dim,))
    features = inception_like(num_samples, dim, is_fake=False)
    real = Dataset("synthetic", spec, features, fingerprint=f"{num_samples} x {dim}")
    return build_reference(real, Split.SELECT, IdentityFeatures(spec), cache_dir=cache)
