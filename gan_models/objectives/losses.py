"""Adversarial losses as functions of logits; D and G may take theirs from different objectives.

With D(x) = sigmoid(logit): softplus(−l) = −log D and softplus(l) = −log(1 − D). Losses are means
over the batch. A real sample has label 1, a fake one label 0.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from math import log, nan

from torch import Tensor
from torch.nn.functional import relu, softplus

from gan_models.config import GanConfig
from gan_models.plugins import LOSSES, load_brought

DiscriminatorLoss = Callable[[Tensor, Tensor], Tensor]
GeneratorLoss = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Objective:
    """Both sides of one published objective.

    ``threshold`` is the logit at which D is undecided, by which its accuracy is counted; NaN for
    a critic, whose values have no zero. Where ``is_relative``, ``generator`` is given the logits of
    fakes counted from those of as many reals: l(G(z)) − l(x).
    """

    name: str
    formula: str
    source: str
    discriminator: DiscriminatorLoss
    generator: GeneratorLoss
    threshold: float = 0.0
    is_relative: bool = False


def cross_entropy(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """Return −E log D(x) − E log(1 − D(G(z))): real label 1, fake label 0 (1406.2661, eq. 1)."""
    return softplus(-real_logits).mean() + softplus(fake_logits).mean()


def smoothed_cross_entropy(
    real_logits: Tensor, fake_logits: Tensor, *, real_label: float, fake_label: float
) -> Tensor:
    """Return the cross entropy of D with other labels than 1 and 0 (1606.03498, section 3.4).

    −a log D − (1 − a) log(1 − D) is softplus(−l) + (1 − a) l, and softplus(l) − a l.
    """
    towards_middle = (1.0 - real_label) * real_logits.mean() - fake_label * fake_logits.mean()
    return cross_entropy(real_logits, fake_logits) + towards_middle


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


def smoothed_least_squares(
    real_logits: Tensor, fake_logits: Tensor, *, real_label: float, fake_label: float
) -> Tensor:
    """Return ½ E (l(x) − b)² + ½ E (l(G(z)) − a)² for labels b of real and a of fake (eq. 2)."""
    to_real, to_fake = real_logits - real_label, fake_logits - fake_label
    return 0.5 * to_real.square().mean() + 0.5 * to_fake.square().mean()


def least_squares_generator(fake_logits: Tensor) -> Tensor:
    """Return ½ E (l(G(z)) − 1)² (1611.04076, eq. 9)."""
    return 0.5 * (fake_logits - 1.0).square().mean()


def wasserstein(real_values: Tensor, fake_values: Tensor) -> Tensor:
    """Return E f(G(z)) − E f(x), for a critic f that is kept Lipschitz (1701.07875, eq. 2)."""
    return fake_values.mean() - real_values.mean()


def negative_mean(fake_values: Tensor) -> Tensor:
    """Return −E l(G(z)): G's side of the hinge and Wasserstein objectives."""
    return -fake_values.mean()


def relativistic(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """Return E softplus(−(l(x) − l(G(z)))) over pairs: real above fake (1807.00734; 2501.05441)."""
    return softplus(fake_logits - real_logits).mean()


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
        Objective(
            name="relativistic",
            formula="D: softplus(l(G(z)) − l(x));  G: softplus(l(x) − l(G(z)))",
            source="1807.00734; 2501.05441, eq. 2",
            discriminator=relativistic,
            generator=non_saturating,
            threshold=nan,
            is_relative=True,
        ),
    )
}

_SMOOTHED: dict[DiscriminatorLoss, Callable[..., Tensor]] = {
    cross_entropy: smoothed_cross_entropy,
    least_squares: smoothed_least_squares,
}


def find_objective(name: str, key: str) -> Objective:
    """Return an objective of ours, of a user's module, or of an installed package.

    Args:
        name: as in a spec.
        key: where it stands there: ``d_loss`` or ``g_loss``.

    Raises:
        FactoryError: if the last two cannot be imported, or are something else.
    """
    return OBJECTIVES.get(name) or load_brought(LOSSES, name, Objective, key)


def discriminator_loss(config: GanConfig) -> DiscriminatorLoss:
    """Return the loss of D with the labels that the configuration asks for.

    G's side keeps its label: 1606.03498 smooths what D learns, not what G aims at.
    """
    plain = find_objective(config.d_loss, "d_loss").discriminator
    if not (config.real_label_smoothing or config.fake_label_smoothing):
        return plain
    real_label, fake_label = _labels(config)
    return partial(_SMOOTHED[plain], real_label=real_label, fake_label=fake_label)


def undecided_logit(config: GanConfig) -> float:
    """Return the logit of a D that cannot tell real from fake; NaN where logits have no zero.

    It is where the density of real equals that of fake: there D answers the mean of both labels.
    """
    objective = find_objective(config.d_loss, "d_loss")
    if not (config.real_label_smoothing or config.fake_label_smoothing):
        return objective.threshold
    middle = sum(_labels(config)) / 2
    return log(middle / (1 - middle)) if objective.discriminator is cross_entropy else middle


def _labels(config: GanConfig) -> tuple[float, float]:
    return 1.0 - config.real_label_smoothing, config.fake_label_smoothing
