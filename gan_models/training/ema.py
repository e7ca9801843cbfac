"""The moving average of G's weights, whose samples are usually better than G's own."""

from torch import nn
from torch.optim.swa_utils import get_ema_multi_avg_fn

from gan_models.config import GanConfig


class MovingAverage:
    """Pulls ``average`` towards ``source`` after each G update; buffers are copied.

    The half-life is counted in images that D has seen, so it means the same at every batch size
    and ratio of updates (1812.04948's G_ema, with EDM2's way of counting). With a ramp it starts
    short, so that the untrained weights are soon forgotten (1912.04958).
    """

    def __init__(self, average: nn.Module, source: nn.Module, config: GanConfig) -> None:
        self._nimg_per_update = config.batch_size * config.d_steps / config.g_steps
        self._half_life_nimg = 1000.0 * config.ema_half_life_kimg
        self._ramp = config.ema_ramp
        self._blend = get_ema_multi_avg_fn(self._decay(self._half_life_nimg))
        self._averages = [weight.detach() for weight in average.parameters()]
        self._sources = [weight.detach() for weight in source.parameters()]
        self._buffers = list(zip(average.buffers(), source.buffers(), strict=True))

    def update(self, nimg: int) -> None:
        """Take in the source's present weights, when D has seen ``nimg`` images."""
        blend = self._blend
        if self._ramp:
            half_life_nimg = min(self._half_life_nimg, self._ramp * nimg)
            blend = get_ema_multi_avg_fn(self._decay(half_life_nimg))
        blend(self._averages, self._sources, 0)
        for copy, original in self._buffers:
            copy.copy_(original)

    def _decay(self, half_life_nimg: float) -> float:
        return 0.5 ** (self._nimg_per_update / half_life_nimg) if half_life_nimg > 0 else 0.0
