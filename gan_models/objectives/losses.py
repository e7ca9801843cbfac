"""Adversarial losses as functions of logits; D and G may take theirs from different objectives.

With D(x) = sigmoid(logit): softplus(−l) = −log D and softplus(l) = −log(1 − D). Losses are means
over the batch. A real sample has label 1, a fake one label 0.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import nan

from torch import Tensor
from torch.nn.functional import relu, softplus

DiscriminatorLoss = Callable[[Tensor, Tensor], Tensor]
GeneratorLoss = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Objective:
    """Both sides of one published objective.

    ``threshold`` is the logit at which D is undecided, by which its accuracy is counted; NaN for
    a critic, whose values have no zero.
    """

    name: str
    formula: str
    source: str
    discriminator: DiscriminatorLoss
    generator: GeneratorLoss
    threshold: float = 0.0


def cross_entropy(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """Return −E log D(x) − E log(1 − D(G(z))): real label 1, fake label 0 (1406.2661, eq. 1)."""
    return softplus(-real_logits).mean() + softplus(fake_logits).mean()


def saturating(fake_logits: Tensor) -> Tensor:
    """Return E log(1 − D(G(z))), which vanishes where D is sure (1406.2661, eq. 1)."""
    return -softplus(fake_logits).mean()


def non_saturating(fake_logits: Tensor) -> Tensor:
    """Return −E log D(G(z)): fakes with label 1 (1406.2661, section 3)."""
    return softplus(-fake_logits).mean()


def hinge(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """Return E max(0, 1 − l(x)) + E max(0, 1 + l(G(z))) (1705.02894; 1802.05957, eq. 16)."""
    return relu(1.0 - real_logits).mean() + relu(1.0 + fake_logits).mean()


def least_squares(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """Return ½ E (l(x) − 1)² + ½ E l(G(z))² (1611.04076, eq. 9)."""
    return 0.5 * (real_logits - 1.0).square().mean() + 0.5 * fake_logits.square().mean()


def least_squares_generator(fake_logits: Tensor) -> Tensor:
    """Return ½ E (l(G(z)) − 1)² (1611.04076, eq. 9)."""
    return 0.5 * (fake_logits - 1.0).square().mean()


def wasserstein(real_values: Tensor, fake_values: Tensor) -> Tensor:
    """Return E f(G(z)) − E f(x), for a critic f that is kept Lipschitz (1701.07875, eq. 2)."""
    return fake_values.mean() - real_values.mean()


def negative_mean(fake_values: Tensor) -> Tensor:
    """Return −E l(G(z)): G's side of the hinge and Wasserstein objectives."""
    return -fake_values.mean()


OBJECTIVES: dict[str, Objective] = {
    entry.name: entry
    for entry in (
        Objective(
            name="minimax",
            formula="D: −log D(x) − log(1 − D(G(z)));  G: log(1 − D(G(z)))",
            source="1406.2661, eq. 1",
            discriminator=cross_entropy,
            generator=saturating,
        ),
        Objective(
            name="non-saturating",
            formula="D: −log D(x) − log(1 − D(G(z)));  G: −log D(G(z))",
            source="1406.2661, section 3",
            discriminator=cross_entropy,
            generator=non_saturating,
        ),
        Objective(
            name="hinge",
            formula="D: max(0, 1 − l(x)) + max(0, 1 + l(G(z)));  G: −l(G(z))",
            source="1705.02894",
            discriminator=hinge,
            generator=negative_mean,
        ),
        Objective(
            name="least-squares",
            formula="D: ½ (l(x) − 1)² + ½ l(G(z))²;  G: ½ (l(G(z)) − 1)²",
            source="1611.04076, eq. 9",
            discriminator=least_squares,
            generator=least_squares_generator,
            threshold=0.5,
        ),
        Objective(
            name="wasserstein",
            formula="D: f(G(z)) − f(x);  G: −f(G(z))",
            source="1701.07875, eq. 2",
            discriminator=wasserstein,
            generator=negative_mean,
            threshold=nan,
        ),
    )
}
