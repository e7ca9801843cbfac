"""Measuring a training state: scores of its fakes, health of its discriminator, finiteness."""

import time
from dataclasses import dataclass
from math import nan

import torch
from torch import Tensor, nn

from gan_models.config import GanConfig
from gan_models.data.dataset import Split
from gan_models.metrics.discriminator import HealthLabels, discriminator_health
from gan_models.metrics.per_class import ClassScores
from gan_models.metrics.protocol import Protocol
from gan_models.model_folder import Model
from gan_models.objectives.losses import undecided_logit
from gan_models.training.duality_gap import DualityGap, duality_gap
from gan_models.training.loop import Progress
from gan_models.training.state import TrainState
from orchestrator.records import Evaluation
from orchestrator.trial.spec import TrialSpec
from orchestrator.yardstick import Yardstick

HEALTH_SAMPLES = 500  # D's accuracies are read to a few percent
HEALTH_SPLITS = (Split.TRAIN, Split.SELECT)  # reals that D has seen, and some that it has not


class LossWindow:
    """Mean losses since the last evaluation; nothing waits for the device until it is read."""

    def __init__(self, d_loss: float = 0.0, g_loss: float = 0.0, rounds: float = 0) -> None:
        self._d_loss: Tensor | float = d_loss
        self._g_loss: Tensor | float = g_loss
        self._rounds = rounds

    def add(self, progress: Progress) -> None:
        """Take in one round."""
        self._d_loss = self._d_loss + progress.d_terms.loss
        self._g_loss = self._g_loss + progress.g_loss
        self._rounds += 1

    def sums(self) -> dict[str, float]:
        """Return what makes an equal window."""
        losses = {"d_loss": float(self._d_loss), "g_loss": float(self._g_loss)}
        return {**losses, "rounds": self._rounds}

    def means(self) -> tuple[float, float]:
        """Return the mean losses of D and G; NaN if there was no round."""
        if not self._rounds:
            return float("nan"), float("nan")
        return float(self._d_loss) / self._rounds, float(self._g_loss) / self._rounds


@dataclass(frozen=True)
class Meter:
    """Turns a training state into one :class:`Evaluation`, always with the same latents.

    Common latents make the differences between checkpoints and trials less noisy than the values.
    """

    spec: TrialSpec
    config: GanConfig
    yardstick: Yardstick

    @property
    def protocol(self) -> Protocol:
        """What the scores depend on."""
        return self.yardstick.protocol(
            Split.SELECT, n_fake=self.spec.num_samples, seed=self.spec.evaluation_seed
        )

    def measure(
        self, state: TrainState, window: LossWindow, *, seconds: float, index: int
    ) -> Evaluation:
        """Score the moving average of G against the select split, and look at D's health.

        Args:
            state: left as it is.
            window: the losses since the last evaluation.
            seconds: of training so far.
            index: how many evaluations came before this one.
        """
        start_s = time.perf_counter()
        model = Model(state.ema, self.config, self.yardstick.splits.sample)
        seen = model.draw_seen(self.spec.num_samples, seed=self.spec.evaluation_seed)
        fakes = model.sample.decode(seen).cpu()
        labels = model.labels(len(fakes), seed=self.spec.evaluation_seed)
        if labels is None:
            scores, by_class = self.yardstick.score(fakes, Split.SELECT), ClassScores()
        else:
            scores, by_class = self.yardstick.score_by_class(fakes, labels, Split.SELECT)
        health = discriminator_health(
            state.discriminator,
            train_seen=self._some(HEALTH_SPLITS[0], state.device),
            heldout_seen=self._some(HEALTH_SPLITS[1], state.device),
            fake_seen=seen[:HEALTH_SAMPLES],
            labels=self._health_labels(labels),
            threshold=undecided_logit(self.config),
        )
        gap = self._duality_gap(state, index)
        d_loss, g_loss = window.means()
        return Evaluation(
            run=self.spec.trial_id,
            step=state.step,
            nimg=state.nimg,
            seconds=seconds,
            **scores.to_mapping(),
            **by_class.to_mapping(),
            **health.to_mapping(),
            duality_gap=gap.gap,
            worst_d_value=gap.worst_d_value,
            d_loss=d_loss,
            g_loss=g_loss,
            d_grad_norm=_gradient_norm(state.discriminator),
            g_grad_norm=_gradient_norm(state.generator),
            ada_p=nan if state.ada is None else float(state.ada.p),
            eval_seconds=time.perf_counter() - start_s,
            finite=_is_finite(state) and bool(torch.isfinite(seen).all()),
            protocol=self.protocol.hash,
        )

    def _duality_gap(self, state: TrainState, index: int) -> DualityGap:
        """Measure it at each ``duality_gap_every``-th evaluation: it trains both players anew."""
        every = self.spec.duality_gap_every
        if every == 0 or index == 0 or index % every:
            return DualityGap(nan, nan, nan)
        splits, seed = self.yardstick.splits, self.spec.evaluation_seed
        return duality_gap(self.config, state, splits.train, splits.select, seed=seed)

    def _some(self, split: Split, device: torch.device) -> Tensor:
        real = self.yardstick.splits[split]
        return real.sample.encode(real.stored[:HEALTH_SAMPLES].to(device))

    def _health_labels(self, fake: Tensor | None) -> HealthLabels | None:
        """Return the classes of what D's health is read from, where D knows classes."""
        train, heldout = (self.yardstick.splits[split].labels for split in HEALTH_SPLITS)
        if fake is None or train is None or heldout is None:
            return None
        return HealthLabels(*(each[:HEALTH_SAMPLES] for each in (train, heldout, fake)))


def _gradient_norm(network: nn.Module) -> float:
    """Return the norm of the gradient that the last update left; NaN before the first."""
    gradients = [weight.grad for weight in network.parameters() if weight.grad is not None]
    if not gradients:
        return float("nan")
    return float(torch.nn.utils.get_total_norm(gradients))


def _is_finite(state: TrainState) -> bool:
    networks = (state.generator, state.discriminator, state.ema)
    weights = [weight.detach() for network in networks for weight in network.parameters()]
    return bool(torch.isfinite(torch.nn.utils.get_total_norm(weights)))
