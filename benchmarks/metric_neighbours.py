"""Precision, recall, density and coverage beside ``prdc``: CPU time, peak memory, counts.

Each contender computes in a process of its own that holds nothing else. This file is also what
those processes run.
"""

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from dataclasses import asdict, dataclass
from pathlib import Path
from subprocess import run
from tempfile import TemporaryDirectory
from time import process_time

import numpy as np

K = 5
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


@dataclass(frozen=True)
class Found:
    """The four numbers as counts (density as the count of pairs), and what they cost."""

    counts: list[int]
    cpu_s: float
    peak_mb: float
    radii_cpu_s: float = 0.0


def with_ours(folder: Path) -> Found:
    """Score in float32, with the reals' radii computed before as a reference keeps them."""
    import torch

    from gan_models.metrics.neighbours import neighbour_scores, squared_radii

    torch.set_num_threads(1)
    real, fakes = (torch.from_numpy(values) for values in _load(folder))
    start_s = process_time()
    radii = squared_radii(real, K)
    radii_cpu_s = process_time() - start_s
    start_s = process_time()
    scores = neighbour_scores(real, radii, fakes, k=K)
    cpu_s = process_time() - start_s
    return Found(_counts(asdict(scores), len(real), len(fakes)), cpu_s, peak_mb(), radii_cpu_s)


def with_prdc(folder: Path) -> Found:
    """Score the same float32 values."""
    return _with_prdc(folder, np.float32)


def with_prdc_in_float64(folder: Path) -> Found:
    """Score the same values, given as float64: rounding then turns no comparison."""
    return _with_prdc(folder, np.float64)


CONTENDERS: dict[str, Callable[[Path], Found]] = {
    "ours": with_ours,
    "prdc": with_prdc,
    "prdc, given float64": with_prdc_in_float64,
}


def neighbour_costs(num_samples: int, dim: int) -> Iterator[str]:
    """Run every contender once on the same features and compare."""
    from benchmarks.metric_features import inception_like

    yield f"Precision, recall, density, coverage: {num_samples} of each, d = {dim}, k = {K}"
    with TemporaryDirectory() as name:
        folder = Path(name)
        for is_fake, file in ((False, "real.npy"), (True, "fakes.npy")):
            np.save(folder / file, inception_like(num_samples, dim, is_fake=is_fake).numpy())
        found = {contender: _in_its_own_process(contender, folder) for contender in CONTENDERS}
    ours = found["ours"]
    for contender, theirs in found.items():
        once = f" (and {ours.radii_cpu_s:.1f} once for the reals)" if theirs is ours else ""
        yield (
            f"  {contender:<20}{theirs.cpu_s:7.2f} CPU s{once}   x {theirs.cpu_s / ours.cpu_s:.2f}"
            f"   peak {theirs.peak_mb:,.0f} MB   counts {theirs.counts}"
        )


def peak_mb() -> float:
    """Return the most memory that this process held (Linux; getrusage counts its parent's too)."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024 / 1e6


def _in_its_own_process(contender: str, folder: Path) -> Found:
    command = [sys.executable, "-m", "benchmarks.metric_neighbours", contender, str(folder)]
    roots = os.pathsep.join(sys.path)
    environment = os.environ | ONE_THREAD | {"PYTHONPATH": roots}
    answer = run(command, env=environment, check=True, capture_output=True, text=True).stdout
    return Found(**json.loads(answer))


def _with_prdc(folder: Path, dtype: type[np.floating]) -> Found:
    from prdc import compute_prdc

    real, fakes = (values.astype(dtype, copy=False) for values in _load(folder))
    start_s = process_time()
    with redirect_stdout(sys.stderr):  # it greets
        scores = compute_prdc(real, fakes, K)
    cpu_s = process_time() - start_s
    return Found(_counts(scores, len(real), len(fakes)), cpu_s, peak_mb())


def _counts(scores: dict[str, float], num_real: int, num_fake: int) -> list[int]:
    shares = {"precision": num_fake, "recall": num_real, "density": K * num_fake}
    return [
        round(scores[name] * total) for name, total in (shares | {"coverage": num_real}).items()
    ]


def _load(folder: Path) -> list[np.ndarray]:
    return [np.load(folder / name, allow_pickle=False) for name in ("real.npy", "fakes.npy")]


if __name__ == "__main__":
    found_by = CONTENDERS[sys.argv[1]]
    print(json.dumps(asdict(found_by(Path(sys.argv[2])))))
