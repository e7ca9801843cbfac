"""The name of a trial is its content: equal parameters and seed give the equal name."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

_CONSONANTS = "bdfghjklmnprstvz"  # proquint's alphabet: 4 bits a consonant,
_VOWELS = "aiou"  # 2 bits a vowel, so five letters spell 16 bits
_SHAPE = "cvcvc"


def trial_id(params: Mapping[str, Any], seed: int) -> str:
    """Return a name one can say, such as ``lusab-babad``, derived from parameters and seed.

    The 32 bits are spelled as proquints (arXiv 0901.4016).
    """
    text = json.dumps({"params": dict(params), "seed": seed}, sort_keys=True, allow_nan=False)
    digest = hashlib.sha256(text.encode()).digest()
    return "-".join(_spell(int.from_bytes(digest[at : at + 2], "big")) for at in (0, 2))


def _spell(value: int) -> str:
    letters = []
    for kind in reversed(_SHAPE):
        alphabet = _CONSONANTS if kind == "c" else _VOWELS
        value, index = divmod(value, len(alphabet))
        letters.append(alphabet[index])
    return "".join(reversed(letters))
