"""The contract of a feature extractor, and of what assigns samples to modes."""

from typing import Protocol

from torch import Tensor

from gan_models.errors import MetricError
from gan_models.samples import SampleSpec


class FeatureExtractor(Protocol):
    """Maps stored samples to feature vectors in which distances mean something.

    Implementations are deterministic and independent of how the samples are batched.
    """

    @property
    def name(self) -> str:
        """Readable name, printed beside every score."""
        ...

    @property
    def fingerprint(self) -> str:
        """Hash of everything that moves a feature: architecture, weights, preprocessing."""
        ...

    @property
    def dim(self) -> int:
        """Length of one feature vector."""
        ...

    def __call__(self, stored: Tensor) -> Tensor:
        """Map N x ``sample.shape`` stored samples to N x ``dim`` float32 features on the CPU.

        Raises:
            MetricError: if the samples have another shape.
        """
        ...


class ModeAssigner(Protocol):
    """Says which mode (class, or known centre) each sample belongs to, if any."""

    @property
    def num_modes(self) -> int:
        """How many modes the real distribution has."""
        ...

    @property
    def judges_quality(self) -> bool:
        """Whether a sample can belong to no mode (then the share that does is a score)."""
        ...

    def __call__(self, stored: Tensor) -> Tensor:
        """Return N int64 mode indices; −1 where a sample belongs to none."""
        ...


def check_shape(stored: Tensor, sample: SampleSpec) -> None:
    """Refuse samples that an extractor or assigner was not made for.

    Raises:
        MetricError: if ``stored`` is not N x ``sample.shape``.
    """
    if tuple(stored.shape[1:]) != sample.shape:
        raise MetricError(
            f"samples of shape {tuple(stored.shape[1:])} were given to a metric "
            f"for samples of shape {sample.shape}"
        )
