"""Randomness by name: every draw is a pure function of a seed and what it is for.

Nothing keeps the state of a random generator between steps, so a run that is resumed at any
image draws exactly what the uninterrupted run drew there (the idea is EDM2's).
"""

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

_SEED_BITS = 63  # torch and numpy both take any non-negative seed below 2**63


def derive_seed(*parts: int | str) -> int:
    """Return a seed in [0, 2**63) that depends on every part, alike on every machine.

    >>> derive_seed(0, "init") == derive_seed(0, "init") != derive_seed(1, "init")
    True
    """
    text = "\x1f".join(f"{type(part).__name__}:{part}" for part in parts)
    digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> (64 - _SEED_BITS)


def torch_generator(device: "torch.device | str", *parts: int | str) -> "torch.Generator":
    """Return a fresh torch generator on ``device``, seeded by :func:`derive_seed` of the parts."""
    import torch

    return torch.Generator(device=device).manual_seed(derive_seed(*parts))
