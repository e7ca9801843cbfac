"""What D minimises on a real and a fake batch: its loss, and the penalty that shares its passes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from torch import Tensor

from gan_models.config import GanConfig
from gan_models.objectives.consistency import inconsistency
from gan_models.objectives.judge import Judge
from gan_models.objectives.losses import discriminator_loss
from gan_models.objectives.penalties import Discriminate, dragan, gradient_penalty, r1, r2


@dataclass(frozen=True)
class Shown:
    """What D is shown in one update.

    Attributes:
        real: N x ``sample.shape``.
        fake: the same shape, without a graph.
        drawn: what the penalty needs at random (``Draws.penalty``); None where it needs nothing.
        labels: N classes, of the reals and as many fakes; None where D does not know them.
        real_twins: the reals once more, changed at random; None where D need not be consistent.
        fake_twins: the fakes once more; None where D need not be consistent on them.
    """

    real: Tensor
    fake: Tensor
    drawn: Tensor | None = None
    labels: Tensor | None = None
    real_twins: Tensor | None = None
    fake_twins: Tensor | None = None


Network = Callable[..., Tensor]  # D: samples, and labels where it knows them, to logits
PenaltyElsewhere = Callable[[GanConfig, Discriminate, Shown], Tensor]


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
    """D's logits on both batches.

    ``penalty`` carries its weight, or is None; ``class_loss`` is that of both batches by a D that
    classifies, without its weight, else None.
    """

    real_logits: Tensor
    fake_logits: Tensor
    penalty: Tensor | None
    class_loss: Tensor | None = None


def _between(config: GanConfig, discriminator: Discriminate, shown: Shown) -> Tensor:
    assert shown.drawn is not None
    return config.gp_weight * gradient_penalty(discriminator, shown.real, shown.fake, shown.drawn)


def _around_real(config: GanConfig, discriminator: Discriminate, shown: Shown) -> Tensor:
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
            "1705.07215",
            elsewhere=_around_real,
        ),
    )
}


def due_penalty(config: GanConfig, nimg: int) -> Penalty:
    """Return the penalty of the D update after ``nimg`` images: lazy ones skip (1912.04958)."""
    is_due = nimg // config.batch_size % config.penalty_interval == 0
    return PENALTIES[config.penalty if is_due else "none"]


class Minimised(NamedTuple):
    """D's loss, and its penalty with its weight or None: D minimises their sum.

    ``real_logits`` are those of the loss.
    """

    loss: Tensor
    penalty: Tensor | None
    real_logits: Tensor


def discriminator_objective(
    config: GanConfig, shown: Shown, penalty: Penalty, *, discriminator: Network, plain: Network
) -> Minimised:
    """Return what D minimises on both batches. Args are those of :func:`judge`."""
    judged = judge(config, shown, penalty, discriminator=discriminator, plain=plain)
    loss = discriminator_loss(config)(judged.real_logits, judged.fake_logits)
    if judged.class_loss is not None:
        loss = loss + config.auxiliary_weight * judged.class_loss
    term = judged.penalty
    if shown.real_twins is not None:
        at_real, at_fake = (
            Judge(discriminator if is_penalised else plain, shown.labels)  # of one precision
            for is_penalised in (penalty.at_real, penalty.at_fake)
        )
        change = inconsistency(judged.real_logits, at_real(shown.real_twins))
        if shown.fake_twins is not None:
            change = change + inconsistency(judged.fake_logits, at_fake(shown.fake_twins))
        change = config.consistency_weight * change
        term = change if term is None else term + change
    return Minimised(loss, term, judged.real_logits)


def judge(
    config: GanConfig, shown: Shown, penalty: Penalty, *, discriminator: Network, plain: Network
) -> Judgement:
    """Judge both batches; a penalty's pass over one of them gives its logits as well.

    Args:
        config: the weights of the penalty, and its interval.
        shown: both batches, and what was drawn for the penalty.
        penalty: the one that is due.
        discriminator: D in full precision, in which penalties are taken.
        plain: D as it judges where no penalty is taken.
    """
    on_real = Judge(discriminator if penalty.at_real else plain, shown.labels)
    on_fake = Judge(discriminator if penalty.at_fake else plain, shown.labels)
    terms: list[Tensor] = []

    if penalty.at_real:
        term, real_logits = r1(on_real, shown.real)
        terms.append(config.r1_gamma * term)
    else:
        real_logits = on_real(shown.real)

    if penalty.elsewhere is not None:
        terms.append(penalty.elsewhere(config, Judge(discriminator, shown.labels), shown))

    if penalty.at_fake:
        term, fake_logits = r2(on_fake, shown.fake)
        terms.append(config.r2_gamma * term)
    else:
        fake_logits = on_fake(shown.fake)

    class_loss = None
    if on_real.class_loss is not None and on_fake.class_loss is not None:
        class_loss = on_real.class_loss + on_fake.class_loss
    return Judgement(real_logits, fake_logits, _total(terms, config.penalty_interval), class_loss)


def _total(terms: list[Tensor], interval: int) -> Tensor | None:
    """Add the terms up, as heavy as if they joined the updates that go without them as well."""
    if not terms:
        return None
    total = terms[0] if len(terms) == 1 else terms[0] + terms[1]
    return total if interval == 1 else interval * total
