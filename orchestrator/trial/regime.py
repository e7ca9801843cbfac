"""By what a trial trains at each moment: its own parameters, as adjusted so far."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from gan_models.config import GanConfig
from gan_models.seeds import derive_seed
from orchestrator.decision.balance import Balance, BalanceRules, Ratio, balance_after
from orchestrator.decision.rollback import lr_factor
from orchestrator.records import Adjustment, Evaluation


@dataclass(frozen=True)
class Regime:
    """The updates of a round, and how often the trial was rolled back."""

    ratio: Ratio
    num_rollbacks: int

    @property
    def lr_factor(self) -> float:
        """What multiplies the learning rates of the trial's parameters."""
        return lr_factor(self.num_rollbacks)

    def config(self, base: GanConfig) -> GanConfig:
        """Return the configuration to train by; ``base`` has the trial's parameters."""
        return replace(
            base,
            d_steps=self.ratio.d_steps,
            g_steps=self.ratio.g_steps,
            d_lr=self.lr_factor * base.d_lr,
            g_lr=self.lr_factor * base.g_lr,
        )

    def seed(self, base: int) -> int:
        """Return the seed to train by; after a roll back every draw is another one.

        The batches that led to death would lead there again, only more slowly.
        """
        return derive_seed(base, "rollback", self.num_rollbacks) if self.num_rollbacks else base


@dataclass(frozen=True)
class Regimes:
    """Derives each regime from the record alone, so that a resumed trial has the one it had.

    Attributes:
        start: the ratio of the trial's parameters.
        rules: how it adapts; None if it does not.
    """

    start: Ratio
    rules: BalanceRules | None

    def after(self, rows: Sequence[Evaluation], rollbacks: Sequence[Adjustment]) -> Regime:
        """Return the regime in which a trial goes on after ``rows``, none of them abandoned."""
        nimg = rows[-1].nimg if rows else -1
        num_rollbacks = sum(rollback.nimg <= nimg for rollback in rollbacks)
        return Regime(self._balance(rows).ratio, num_rollbacks)

    def changes_at(
        self, rows: Sequence[Evaluation], rollbacks: Sequence[Adjustment]
    ) -> list[Adjustment]:
        """Return what is adjusted after the last of ``rows``: the ratio, then each roll back."""
        last, balance = rows[-1], self._balance(rows)
        back_to_here = [rollback for rollback in rollbacks if rollback.nimg == last.nimg]
        if balance.changed_step != last.step:
            return back_to_here
        num_rollbacks = sum(rollback.nimg < last.nimg for rollback in rollbacks)
        change = _adjustment(last, Regime(balance.ratio, num_rollbacks), balance.reason)
        return [change, *back_to_here]

    def rollback(
        self,
        rows: Sequence[Evaluation],
        good: Evaluation,
        rollbacks: Sequence[Adjustment],
        reason: str,
    ) -> Adjustment:
        """Return the next roll back: from the last of ``rows``, which is dead, to ``good``."""
        kept = [row for row in rows if row.nimg <= good.nimg]
        regime = Regime(self._balance(kept).ratio, len(rollbacks) + 1)
        died = rows[-1]
        return replace(_adjustment(good, regime, reason), died_nimg=died.nimg, seconds=died.seconds)

    def _balance(self, rows: Sequence[Evaluation]) -> Balance:
        return balance_after(rows, self.start, self.rules) if self.rules else Balance(self.start)


def _adjustment(row: Evaluation, regime: Regime, reason: str) -> Adjustment:
    return Adjustment(
        step=row.step,
        nimg=row.nimg,
        d_steps=regime.ratio.d_steps,
        g_steps=regime.ratio.g_steps,
        lr_factor=regime.lr_factor,
        num_rollbacks=regime.num_rollbacks,
        reason=reason,
        seconds=row.seconds,
    )
