"""How much of a selected score was luck: the certificate less the score selected on.

The select and the certify split differ in size, and finite samples raise a distance by an amount
that depends on it. So distances without that bias are compared; where it cannot be told, the raw
ones are, and the difference holds that of the splits as well.
"""

from dataclasses import dataclass
from math import hypot, isfinite, nan


@dataclass(frozen=True, kw_only=True)
class Measured:
    """A generator's distance to one split, raw and without bias."""

    fid: float
    fid_debiased: float
    standard_error: float


@dataclass(frozen=True, kw_only=True)
class Optimism:
    """By how much the certificate is above the score selected on; ``of`` names the distances."""

    value: float
    standard_error: float
    of: str


def optimism(*, selected: Measured, certified: Measured) -> Optimism:
    """Return the difference of both distances, at equal bias where that is known.

    Its standard error takes them as independent: their fakes and their reals are.
    """
    value = certified.fid_debiased - selected.fid_debiased
    if isfinite(value):
        error = hypot(certified.standard_error, selected.standard_error)
        return Optimism(value=value, standard_error=error, of="fid_debiased")
    return Optimism(value=certified.fid - selected.fid, standard_error=nan, of="fid")
