"""All that one update of a network is made of, beside the state."""

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class DiscriminatorBatch:
    """What D learns from in one update.

    Attributes:
        real: N x ``sample.shape``, encoded.
        z: N x ``latent_dim``.
        drawn: what the penalty needs at random; None where it needs nothing.
        labels: N classes, of the reals and as many fakes, so that pairs and mixtures belong to one
            class; None where the networks do not know them.
        replayed: the places of the pool that take fakes for former ones; None where there is none.
        augment: 2N x k numbers that say how fakes and reals are changed before D sees them; None
            where they are not.
        twins: the same for their twins (``consistency_weight``).
    """

    real: Tensor
    z: Tensor
    drawn: Tensor | None = None
    labels: Tensor | None = None
    replayed: Tensor | None = None
    augment: Tensor | None = None
    twins: Tensor | None = None


@dataclass(frozen=True)
class GeneratorBatch:
    """What G learns from in one update.

    Attributes:
        z: N x ``latent_dim``.
        labels: N classes of the fakes, and of ``real``; None where the networks do not know them.
        real: N x ``sample.shape``, encoded: what fakes are counted from where the loss is relative,
            and what D learns from in the updates that G looks ahead; None where neither is done.
        augment: as in D's batch.
        twins: as in D's batch, for the updates that G looks ahead.
    """

    z: Tensor
    labels: Tensor | None = None
    real: Tensor | None = None
    augment: Tensor | None = None
    twins: Tensor | None = None
