"""ADA (Karras et al., 2006.06676, section 3): as much augmentation as D's overfitting asks for.

    r_t = E sign(D(x) − undecided),  p ← p + sign(r_t − target) · images / ada_kimg

D that is sure of more and more training reals knows them by heart. Every four updates p takes a
step that would bring it from 0 to 1 within ``ada_kimg`` thousand images.
"""

import torch
from torch import Tensor

from gan_models.config import GanConfig

UPDATES_PER_ADJUSTMENT = 4


class AdaptiveProbability:
    """p with what was seen since its last step, on the device: nobody waits for it.

    ``memory`` is all of it: p, the sum of the signs of D's logits on reals, how many they were.
    """

    def __init__(self, device: torch.device | str = "cpu") -> None:
        self.memory = torch.zeros(3, device=device)

    @classmethod
    def wanted_by(
        cls, config: GanConfig, device: torch.device | str
    ) -> "AdaptiveProbability | None":
        """Return p = 0, or None where nothing is adapted."""
        return cls(device) if config.augment == "ada" else None

    @property
    def p(self) -> Tensor:
        """The probability as a scalar tensor."""
        return self.memory[0]

    @torch.no_grad()
    def observe(
        self, real_logits: Tensor, config: GanConfig, *, undecided: float, nimg: int
    ) -> None:
        """Take in what D said of a batch of reals, as it saw them; adjust p when it is time.

        Beyond 1, where StyleGAN2-ADA lets it go, p would do nothing but come back late.

        Args:
            real_logits: of the update, of any number.
            config: target, speed and batch size.
            undecided: the logit that means neither real nor fake.
            nimg: real images that D had seen before this update.
        """
        self.memory[1] += (real_logits.float() - undecided).sign().sum()
        self.memory[2] += real_logits.numel()
        if (nimg // config.batch_size + 1) % UPDATES_PER_ADJUSTMENT:
            return
        p, signs, num_logits = self.memory.unbind()
        num_images = UPDATES_PER_ADJUSTMENT * config.batch_size
        step = num_images / (1000 * config.ada_kimg)
        adjusted = p + step * (signs / num_logits - config.ada_target).sign()
        self.memory = torch.stack([adjusted.clamp(0.0, 1.0), *torch.zeros_like(self.memory[1:])])
