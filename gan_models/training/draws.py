"""Every random draw of training as a pure function of the seed and of progress."""

from collections.abc import Callable

import torch
from torch import Tensor

from gan_models.augmentation.pipeline import augmentation
from gan_models.config import GanConfig
from gan_models.data.dataset import Dataset
from gan_models.objectives.losses import find_objective
from gan_models.samples import Classes
from gan_models.seeds import seed_series, torch_generator
from gan_models.training.batch import DiscriminatorBatch, GeneratorBatch

_WINDOW_NIMG = 1024  # fetched at a time: batch by batch it costs 2 % of a small step


class Draws:
    """Real batches, latents and mixing weights for one run on one device.

    Real samples come as an endless row of shuffled epochs, in which image ``nimg`` has its fixed
    place: a resumed run reads on where the killed one stopped. What is kept between draws (the
    present epoch's order, the samples that come next) only saves time. Batches are to be read, not
    changed in place.
    """

    def __init__(
        self, config: GanConfig, real: Dataset, *, seed: int, device: torch.device
    ) -> None:
        self._config = config
        self._real = real
        self._seed = seed
        self._device = device
        self._epoch = -1
        self._order = torch.empty(0, dtype=torch.int64)
        self._window_start = -1
        self._window = real.stored[:0]
        self._window_labels = torch.empty(0, dtype=torch.int64)
        classes = real.sample.classes if config.conditioning != "none" else None
        self._classes = None if classes is None else _class_borders(classes).to(device)
        self._is_relative = find_objective(config.g_loss, "g_loss").is_relative
        self._seeds: dict[str, Callable[[int], int]] = {}
        self._rng = torch.Generator(device=device)

    @property
    def batch_size(self) -> int:
        """How many samples each draw has."""
        return self._config.batch_size

    def for_discriminator(self, nimg: int) -> DiscriminatorBatch:
        """Return what D's update after ``nimg`` real images is made of."""
        return DiscriminatorBatch(
            real=self.real(nimg),
            z=self.latents("discriminator", nimg),
            drawn=self.penalty(nimg),
            labels=self.real_labels(nimg),
            replayed=self.replayed(nimg) if self._config.replay_frac else None,
            augment=self.augmentation("discriminator", nimg),
            twins=self.twins("discriminator", nimg),
        )

    def for_generator(self, step: int, *, nimg: int) -> GeneratorBatch:
        """Return what G's update after ``step`` others, and ``nimg`` real images, is made of."""
        z, augment = self.latents("generator", step), self.augmentation("generator", step)
        if self._config.unroll_steps:  # what D is about to learn from
            twins = self.twins("generator", step)
            labels, real = self.real_labels(nimg), self.real(nimg)
            return GeneratorBatch(z, labels, real, augment=augment, twins=twins)
        if self._is_relative:
            return GeneratorBatch(z, *self.rivals(step), augment=augment)
        return GeneratorBatch(z, self.labels("generator", step), augment=augment)

    def real(self, nimg: int) -> Tensor:
        """Return the batch of encoded real samples that follows the first ``nimg`` ones."""
        place = self._place(nimg)
        return self._real.sample.encode(self._window[place])

    def real_labels(self, nimg: int) -> Tensor | None:
        """Return the classes of :meth:`real`'s batch; None where nothing is conditioned on them."""
        if self._classes is None:
            return None
        place = self._place(nimg)
        return self._window_labels[place]

    def labels(self, phase: str, progress: int) -> Tensor | None:
        """Return classes for the fakes of an update, drawn by their shares of the reals; or None.

        Not for phase 1, in which fakes have the classes of the real batch: so pairs and mixtures of
        real and fake belong to one class.
        """
        if self._classes is None:
            return None
        rng = self._seeded(f"labels of {phase}", progress)
        places = torch.rand(self._config.batch_size, generator=rng, device=self._device)
        return _classes_at(places, self._classes)

    def latents(self, phase: str, progress: int) -> Tensor:
        """Return z ~ N(0, I), batch x ``latent_dim``, for the update at ``progress``."""
        shape = (self._config.batch_size, self._config.latent_dim)
        return torch.randn(shape, generator=self._seeded(phase, progress), device=self._device)

    def mix(self, progress: int) -> Tensor:
        """Return a weight in [0, 1) for each sample, one for all of a pack."""
        rng, pack = self._seeded("mix", progress), self._config.pack
        weights = torch.rand(self._config.batch_size // pack, generator=rng, device=self._device)
        return weights if pack == 1 else weights.repeat_interleave(pack)

    def replayed(self, progress: int) -> Tensor:
        """Return the pool's places that D's update exchanges; what is judged together stays so."""
        together = self._config.samples_judged_together
        num_places = self._config.replay_capacity // together
        rng = self._seeded("replay", progress)
        order = torch.randperm(num_places, generator=rng, device=self._device)
        chosen = order[: self._config.num_replayed // together]
        within = torch.arange(together, device=self._device)
        return (chosen[:, None] * together + within).flatten()

    def penalty(self, progress: int) -> Tensor | None:
        """Return what D's penalty needs at random, or None where it needs nothing.

        For the gradient penalty that is how reals and fakes are mixed, for dragan noise.
        """
        if self._config.penalty == "gradient-penalty":
            return self.mix(progress)
        if self._config.penalty == "dragan":
            return self.noise(progress)
        return None

    def noise(self, progress: int) -> Tensor:
        """Return N(0, 1) in the shape of a batch of samples."""
        shape = (self._config.batch_size, *self._real.sample.shape)
        return torch.randn(shape, generator=self._seeded("noise", progress), device=self._device)

    def augmentation(self, phase: str, progress: int) -> Tensor | None:
        """Return how a batch of fakes and one of reals are changed; None where they are not.

        Numbers in [0, 1), first of all fakes, then of all reals; one row a sample.
        """
        if self._config.augment == "none":
            return None
        return self._changes(f"augmentation of {phase}", progress)

    def twins(self, phase: str, progress: int) -> Tensor | None:
        """Return the same for the twins of both batches."""
        if not self._config.consistency_weight:
            return None
        return self._changes(f"twins of {phase}", progress)

    def _changes(self, purpose: str, progress: int) -> Tensor:
        shape = (2 * self._config.batch_size, augmentation(self._config).num_drawn)
        return torch.rand(shape, generator=self._seeded(purpose, progress), device=self._device)

    def rivals(self, step: int) -> tuple[Tensor | None, Tensor]:
        """Return classes, and encoded real samples of them, drawn with replacement for G to face.

        The classes are None where nothing is conditioned on them.
        """
        size, rng = self._config.batch_size, self._seeded("generator real", step)
        drawn = torch.randint(len(self._real), (size,), generator=rng, device=self._device)
        rows = drawn.to(self._real.stored.device)
        real = self._real.sample.encode(self._real.stored[rows].to(self._device))
        if self._classes is None or self._real.labels is None:
            return None, real
        return self._real.labels[rows].to(self._device), real

    def _seeded(self, purpose: str, progress: int) -> torch.Generator:
        if purpose not in self._seeds:
            self._seeds[purpose] = seed_series(self._seed, purpose)
        return self._rng.manual_seed(self._seeds[purpose](progress))

    def _place(self, nimg: int) -> slice:
        """Bring the batch after ``nimg`` samples into the window, and return where it is."""
        size, offset = self._config.batch_size, nimg % _WINDOW_NIMG
        # Windows start at fixed places, not where the run did: how a batch is aligned in memory
        # moves the last bit of a matrix product.
        if nimg - offset != self._window_start:
            self._window_start = nimg - offset
            rows = self._rows(self._window_start, _WINDOW_NIMG + size)
            self._window = self._real.stored[rows].to(self._device)
            if self._classes is not None and self._real.labels is not None:
                self._window_labels = self._real.labels[rows].to(self._device)
        return slice(offset, offset + size)

    def _rows(self, nimg: int, count: int) -> Tensor:
        """Return which stored samples are the ``count`` that follow the first ``nimg``."""
        parts = []
        while count > 0:
            epoch, offset = divmod(nimg, len(self._real))
            part = self._order_of(epoch)[offset : offset + count]
            parts.append(part)
            nimg, count = nimg + len(part), count - len(part)
        return torch.cat(parts)

    def _order_of(self, epoch: int) -> Tensor:
        if epoch != self._epoch:
            rng = torch_generator("cpu", self._seed, "epoch", epoch)
            order = torch.randperm(len(self._real), generator=rng)
            self._order, self._epoch = order.to(self._real.stored.device), epoch
        return self._order


def draw_latents(num: int, dim: int, *, seed: int, device: torch.device | str = "cpu") -> Tensor:
    """Return ``num`` x ``dim`` standard normal latents that ``seed`` alone determines.

    They are drawn on the CPU, so that samples of a seed agree between machines.
    """
    rng = torch_generator("cpu", seed, "latents")
    return torch.randn((num, dim), generator=rng).to(device)


def draw_labels(num: int, classes: Classes, *, seed: int) -> Tensor:
    """Return ``num`` classes (int64, on the CPU), drawn by their shares; ``seed`` determines them.

    Independent of the latents of the same seed.
    """
    rng = torch_generator("cpu", seed, "labels")
    return _classes_at(torch.rand(num, generator=rng), _class_borders(classes))


def _class_borders(classes: Classes) -> Tensor:
    """Return where in [0, 1) one class ends and the next begins: one border less than classes."""
    shares = torch.tensor(classes.shares, dtype=torch.float64)
    return (shares.cumsum(0)[:-1] / shares.sum()).float()


def _classes_at(places: Tensor, borders: Tensor) -> Tensor:
    """Return in which class each number of [0, 1) lies; the device waits for nothing."""
    return torch.searchsorted(borders, places, right=True)
