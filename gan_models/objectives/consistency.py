"""Consistency regularisation: D should say the same of an image and of a changed copy of it.

On reals alone this is CR (Zhang et al., 1910.12027, section 2), on reals and fakes bCR (Zhao et
al., 2002.04724, section 2.1). G does not learn from it, and D's loss is still taken on images as
they are. On reals alone a G that draws the changes themselves can fool D (2002.04724, section 4.1).
"""

from torch import Tensor


def inconsistency(logits: Tensor, twin_logits: Tensor) -> Tensor:
    """Return E (l(x) − l(T(x)))², without its weight; gradients flow into both."""
    return (logits - twin_logits).square().mean()
