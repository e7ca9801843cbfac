"""What D says of a real and a fake batch, with the gradient penalty that shares its passes."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from gan_models.config import GanConfig
from gan_models.objectives.penalties import Judge, dragan, gradient_penalty, zero_centred


@dataclass(frozen=True)
class Shown:
    """What D is shown in one update.

    Attributes:
        real: N x ``sample.shape``.
        fake: the same shape, without a graph.
        drawn: what the penalty needs at random (``Draws.penalty``); None where it needs nothing.
    """

    real: Tensor
    fake: Tensor
    drawn: Tensor | None = None


PenaltyElsewhere = Callable[[GanConfig, Judge, Shown], Tensor]


@dataclass(frozen=True)
class Penalty:
    """One value of ``penalty``: where D's slope is looked at, and what it should be there.

    Attributes:
        name: as a spec names it.
        formula: with its weight.
        source: arXiv number and place.
        at_real: whether R1 is part of it, which shares the pass over the real batch.
        at_fake: whether R2 is part of it, which shares the pass over the fake batch.
        elsewhere: a term at other points, with its weight.
    """

    name: str
    formula: str
    source: str
    at_real: bool = False
    at_fake: bool = False
    elsewhere: PenaltyElsewhere | None = None


@dataclass(frozen=True)
class Judgement:
    """D's logits on both batches; ``penalty`` carries its weight, or is None."""

    real_logits: Tensor
    fake_logits: Tensor
    penalty: Tensor | None


def _between(config: GanConfig, discriminator: Judge, shown: Shown) -> Tensor:
    assert shown.drawn is not None
    return config.gp_weight * gradient_penalty(discriminator, shown.real, shown.fake, shown.drawn)


def _around_real(config: GanConfig, discriminator: Judge, shown: Shown) -> Tensor:
    assert shown.drawn is not None
    noise = config.dragan_std * shown.drawn
    return config.gp_weight * dragan(discriminator, shown.real, noise)


PENALTIES: dict[str, Penalty] = {
    entry.name: entry
    for entry in (
        Penalty("none", "0", ""),
        Penalty("r1", "r1_gamma / 2 · E |∇D(x)|²", "1801.04406, eq. 9", at_real=True),
        Penalty("r2", "r2_gamma / 2 · E |∇D(G(z))|²", "1801.04406, eq. 10", at_fake=True),
        Penalty(
            "r1+r2",
            "r1_gamma / 2 · E |∇D(x)|² + r2_gamma / 2 · E |∇D(G(z))|²",
            "2501.05441, section 2",
            at_real=True,
            at_fake=True,
        ),
        Penalty(
            "gradient-penalty",
            "gp_weight · E (|∇D(x̂)| − 1)², x̂ between x and G(z)",
            "1704.00028, eq. 3",
            elsewhere=_between,
        ),
        Penalty(
            "dragan",
            "gp_weight · E (|∇D(x + δ)| − 1)², δ ~ N(0, dragan_std²)",
            "1705.07215, section 2.4",
            elsewhere=_around_real,
        ),
    )
}


def due_penalty(config: GanConfig, nimg: int) -> Penalty:
    """Return the penalty of the D update after ``nimg`` images: lazy ones skip (1912.04958)."""
    is_due = nimg // config.batch_size % config.penalty_interval == 0
    return PENALTIES[config.penalty if is_due else "none"]


def judge(
    config: GanConfig, shown: Shown, penalty: Penalty, *, discriminator: Judge, plain: Judge
) -> Judgement:
    """Judge both batches; a penalty's pass over one of them gives its logits as well.

    Args:
        config: the weights of the penalty, and its interval.
        shown: both batches, and what was drawn for the penalty.
        penalty: the one that is due.
        discriminator: D in full precision, in which penalties are taken.
        plain: D as it judges where no penalty is taken.
    """
    terms: list[Tensor] = []

    if penalty.at_real:
        term, real_logits = zero_centred(discriminator, shown.real)
        terms.append(config.r1_gamma * term)
    else:
        real_logits = plain(shown.real)

    if penalty.elsewhere is not None:
        terms.append(penalty.elsewhere(config, discriminator, shown))

    if penalty.at_fake:
        term, fake_logits = zero_centred(discriminator, shown.fake)
        terms.append(config.r2_gamma * term)
    else:
        fake_logits = plain(shown.fake)
    return Judgement(real_logits, fake_logits, _total(terms, config.penalty_interval))


def _total(terms: list[Tensor], interval: int) -> Tensor | None:
    """Add the terms up, as heavy as if they joined the updates that go without them as well."""
    if not terms:
        return None
    total = terms[0] if len(terms) == 1 else terms[0] + terms[1]
    return total if interval == 1 else interval * total
