"""How the discriminator tells real from fake, as numbers beside the scores."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from math import isnan, nan
from typing import NamedTuple

import torch
from torch import Tensor, nn

from gan_models.objectives.judge import Judge

_BATCH_SIZE = 500


@dataclass(frozen=True, kw_only=True)
class DiscriminatorHealth:
    """Shares that D judges rightly, and its mean logits on train reals and fakes.

    Far better on train reals than on held-out ones means that D memorises. A number that D's
    logits do not allow (one is not finite) is NaN. Where D judges packs, shares are of packs.
    """

    d_real_acc: float
    d_heldout_acc: float
    d_fake_acc: float
    d_real_logit: float
    d_fake_logit: float

    def to_mapping(self) -> dict[str, float]:
        """Return the numbers by name."""
        return asdict(self)


class HealthLabels(NamedTuple):
    """The classes of train reals, held-out reals and fakes, for a D that is conditioned on them."""

    train: Tensor
    heldout: Tensor
    fake: Tensor


def discriminator_health(
    discriminator: nn.Module,
    *,
    train_seen: Tensor,
    heldout_seen: Tensor,
    fake_seen: Tensor,
    labels: HealthLabels | None = None,
    threshold: float = 0.0,
) -> DiscriminatorHealth:
    """Show D some reals and fakes; leaves its weights, statistics and mode as they were.

    Args:
        discriminator: maps samples as networks see them to one logit each, or one each pack.
        train_seen: encoded samples that D trains on.
        heldout_seen: encoded samples that D never sees in training.
        fake_seen: fakes as a generator gives them.
        labels: one of each sample in the three sets, where D takes them; None where it does not.
        threshold: logits above it say real, below it fake: 0 for logit losses, 0.5 between the
            targets of least squares. A critic has no natural zero: NaN takes the midpoint between
            the mean logits of train reals and fakes.
    """
    with _in_eval_mode(discriminator):
        seen = (train_seen, heldout_seen, fake_seen)
        given = labels or (None, None, None)
        train, heldout, fake = map(partial(_logits, discriminator), seen, given)
    if isnan(threshold):
        threshold = float(train.mean() + fake.mean()) / 2
    return DiscriminatorHealth(
        d_real_acc=_share(train, train > threshold),
        d_heldout_acc=_share(heldout, heldout > threshold),
        d_fake_acc=_share(fake, fake < threshold),
        d_real_logit=float(train.mean()),
        d_fake_logit=float(fake.mean()),
    )


@contextmanager
def _in_eval_mode(network: nn.Module) -> Iterator[None]:
    modes = {module: module.training for module in network.modules()}
    network.eval()
    try:
        yield
    finally:
        for module, training in modes.items():
            module.training = training


@torch.no_grad()
def _logits(discriminator: nn.Module, seen: Tensor, labels: Tensor | None) -> Tensor:
    batches = []
    for start in range(0, len(seen), _BATCH_SIZE):
        batch = slice(start, start + _BATCH_SIZE)
        judge = Judge(discriminator, None if labels is None else labels[batch].to(seen.device))
        batches.append(judge(seen[batch]).flatten())
    return torch.cat(batches).to("cpu", torch.float64)


def _share(logits: Tensor, is_right: Tensor) -> float:
    return float(is_right.double().mean()) if logits.isfinite().all() else nan
