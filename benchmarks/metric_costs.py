"""Fréchet distance, kernel distance and Vendi score beside other libraries: CPU time and error.

All contenders of a number have the same input and take turns in one process. torchmetrics and
torch-fidelity take part where they can be imported.
"""

from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import numpy as np
import scipy.linalg
import torch
from numpy.typing import NDArray
from sklearn.metrics.pairwise import polynomial_kernel
from torch import Tensor

from benchmarks.metric_features import inception_like
from benchmarks.turns import OURS, describe, take_turns
from gan_models.metrics.frechet import (
    fit_gaussian,
    frechet_distance,
    frechet_distance_to_moments,
)
from gan_models.metrics.frechet_error import enough_for_bias, score_frechet
from gan_models.metrics.kernel import kernel_distance, kernel_row_sums
from gan_models.metrics.moments import Moments
from gan_models.metrics.vendi import vendi_score

Contenders = dict[str, Callable[[], float]]
Matrix = NDArray[np.float64]
Statistics = tuple[Matrix, Matrix]  # mean and covariance


def frechet_costs(num_reals: int, num_fakes: int, dim: int, repeats: int) -> Iterator[str]:
    """Compare Fréchet distances, from statistics of both sides and from features of fakes."""
    real = inception_like(num_reals, dim, is_fake=False)
    fakes = inception_like(num_fakes, dim, is_fake=True)
    yield f"Fréchet distance: {num_reals} reals, {num_fakes} fakes, d = {dim}"
    contenders = _from_statistics(real, fakes) | _from_features(real, fakes)
    yield from describe(take_turns(contenders, repeats), strict_frechet(real, fakes))


def _from_statistics(real: Tensor, fakes: Tensor) -> Contenders:
    gaussian, moments = fit_gaussian(real), Moments.of(fakes)
    ours, theirs = _statistics(real), _statistics(fakes)
    covariance = moments.covariance
    contenders = {
        OURS: lambda: frechet_distance_to_moments(gaussian, moments.mean, covariance),
        "numpy eigvals": lambda: eigenvalue_frechet(ours, theirs),
        "scipy sqrtm": lambda: square_root_frechet(ours, theirs),
    }
    if len(fakes) < fakes.shape[1]:  # then our path takes the features, and has no covariance
        contenders[OURS] = lambda: frechet_distance(gaussian, fakes)
    if torchmetrics := _optional("torchmetrics.image.fid"):
        tensors = [torch.from_numpy(part) for part in (*ours, *theirs)]
        contenders["torchmetrics"] = lambda: float(torchmetrics._compute_fid(*tensors))
    if fidelity := _optional("torch_fidelity.metric_fid"):
        sides = [{"mu": mean, "sigma": covariance} for mean, covariance in (ours, theirs)]
        contenders["torch-fidelity"] = lambda: float(
            fidelity.fid_statistics_to_metric(*sides, False)[fidelity.KEY_METRIC_FID]
        )
    return contenders


def _from_features(real: Tensor, fakes: Tensor) -> Contenders:
    gaussian, ours = fit_gaussian(real), _statistics(real)
    contenders: Contenders = {
        "ours, from features": lambda: frechet_distance(gaussian, fakes),
        "numpy eigvals, from features": lambda: eigenvalue_frechet(ours, _statistics(fakes)),
    }
    if enough_for_bias(len(real), len(fakes), dim=fakes.shape[1]):
        name = "ours, with bias and its error"
        contenders[name] = lambda: score_frechet(gaussian, real, fakes).value
    return contenders


def eigenvalue_frechet(one: Statistics, other: Statistics) -> float:
    """Take the trace from eigenvalues of the product of covariances, as torch-fidelity does."""
    eigenvalues = np.linalg.eigvals(one[1] @ other[1]).astype(complex)
    return _frechet(one, other, float(np.sqrt(eigenvalues).real.sum()))


def square_root_frechet(one: Statistics, other: Statistics) -> float:
    """Take the matrix square root of the product, as pytorch-fid and clean-fid do."""
    return _frechet(one, other, float(np.trace(scipy.linalg.sqrtm(one[1] @ other[1])).real))


def _frechet(one: Statistics, other: Statistics, trace_of_root: float) -> float:
    shift = float(np.square(one[0] - other[0]).sum())
    return shift + float(np.trace(one[1]) + np.trace(other[1])) - 2 * trace_of_root


def strict_frechet(real: Tensor, fakes: Tensor) -> float:
    """Take singular values of R₁ R₂ᵀ, from QR of the features: nothing is ever squared."""
    means, roots = zip(*map(_mean_and_root, (real, fakes)), strict=True)
    trace_of_root = np.linalg.svd(roots[0] @ roots[1].T, compute_uv=False).sum()
    squares = sum(np.square(root).sum() for root in roots)
    return float(np.square(means[0] - means[1]).sum() + squares - 2 * trace_of_root)


def _mean_and_root(features: Tensor) -> Statistics:
    values = features.double().numpy()
    mean = values.mean(axis=0)
    root: Matrix = np.linalg.qr((values - mean) / (len(values) - 1) ** 0.5, mode="r")  # type: ignore[assignment]
    return mean, root


def _statistics(features: Tensor) -> Statistics:
    values = features.double().numpy()
    return values.mean(axis=0), np.cov(values, rowvar=False)


def kernel_costs(num_samples: int, dim: int, repeats: int) -> Iterator[str]:
    """Compare kernel distances over all pairs, without subsets."""
    real = inception_like(num_samples, dim, is_fake=False)
    fakes = inception_like(num_samples, dim, is_fake=True)
    row_sums = kernel_row_sums(real)
    contenders: Contenders = {
        OURS: lambda: kernel_distance(real, row_sums, fakes).value,
        "scikit-learn's kernel": lambda: unbiased_mmd(real.numpy(), fakes.numpy()),
    }
    if torchmetrics := _optional("torchmetrics.image.kid"):
        contenders["torchmetrics"] = lambda: float(torchmetrics.poly_mmd(real, fakes))
    if fidelity := _optional("torch_fidelity.metric_kid"):
        contenders["torch-fidelity"] = lambda: _torch_fidelity_kid(fidelity, real, fakes)
    yield f"Kernel distance: {num_samples} reals, {num_samples} fakes, d = {dim}, float32"
    strict = unbiased_mmd(real.double().numpy(), fakes.double().numpy())
    yield from describe(take_turns(contenders, repeats), strict)


def unbiased_mmd(real: NDArray[np.floating], fakes: NDArray[np.floating]) -> float:
    """Return the U-statistic with the kernel (x·y / d + 1)³ in the input's precision."""
    return (
        _mean_off_diagonal(polynomial_kernel(real))
        + _mean_off_diagonal(polynomial_kernel(fakes))
        - 2 * float(polynomial_kernel(real, fakes).mean())
    )


def _mean_off_diagonal(kernel: NDArray[np.floating]) -> float:
    n = len(kernel)
    return float((kernel.sum() - np.trace(kernel)) / (n * (n - 1)))


def _torch_fidelity_kid(kid: Any, real: Tensor, fakes: Tensor) -> float:
    """Make one subset of all samples, which is theirs without the sampling."""
    options = {
        "kid_subsets": 1,
        "kid_subset_size": len(real),
        "kid_kernel": "poly",
        "kid_kernel_poly_degree": 3,
        "kid_kernel_poly_gamma": None,
        "kid_kernel_poly_coef0": 1.0,
        "rng_seed": 0,
        "verbose": False,
    }
    found = kid.kid_features_to_metric(real, fakes, **options)
    return float(found[kid.KEY_METRIC_KID_MEAN])


def vendi_costs(num_samples: int, dim: int, repeats: int) -> Iterator[str]:
    """Compare with the definition: eigenvalues of all similarities."""
    fakes = inception_like(num_samples, dim, is_fake=True)
    contenders: Contenders = {
        OURS: lambda: vendi_score(fakes),
        "by definition": lambda: vendi_by_definition(fakes),
    }
    yield f"Vendi score: {num_samples} fakes, d = {dim}"
    turns = take_turns(contenders, repeats)
    yield from describe(turns, turns["by definition"].value)


def vendi_by_definition(features: Tensor) -> float:
    """Return exp of the entropy of the eigenvalues of the n x n cosine similarities over n."""
    rows = features.double().numpy()
    rows = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    shares = np.linalg.eigvalsh(rows @ rows.T / len(rows))
    shares = shares[shares > 0]
    return float(np.exp(-(shares * np.log(shares)).sum()))


def _optional(module: str) -> Any:
    """Import a module of a library that may be absent, or be broken by one that is."""
    try:
        return import_module(module)
    except (ImportError, RuntimeError):
        return None
