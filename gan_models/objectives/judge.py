"""D with the labels of a batch bound to it: to losses and penalties a function of samples alone.

With labels y every objective becomes its conditional form, such as

    min_G max_D  E log D(x|y) + E log(1 − D(G(z|y)|y))      (Mirza & Osindero, 1411.1784, eq. 2).
"""

from collections.abc import Callable

from torch import Tensor
from torch.nn.functional import cross_entropy


class Judge:
    """Maps samples to N logits, by their labels where D is conditioned on them.

    ``class_loss`` is −E log P(y | x) of the latest samples by a D that classifies (L_C of
    1610.09585, eq. 3, for one batch), None by any other.

    Args:
        discriminator: D, or what computes as D does: of samples, and of labels where there are any.
        labels: N classes, or None.
    """

    def __init__(self, discriminator: Callable[..., Tensor], labels: Tensor | None) -> None:
        self._discriminator = discriminator
        self._labels = labels
        self.class_loss: Tensor | None = None

    def __call__(self, samples: Tensor) -> Tensor:
        """Map N x ``sample.shape`` to N logits."""
        if self._labels is None:
            return self._discriminator(samples)
        verdict = self._discriminator(samples, self._labels)
        if verdict.dim() == 1:
            return verdict
        self.class_loss = cross_entropy(verdict[:, 1:], self._labels)
        return verdict[:, 0]
