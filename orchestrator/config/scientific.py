"""Numbers such as 1e-4, which everybody writes and YAML 1.1 reads as text."""

import re

_SCIENTIFIC = re.compile(r"([-+]?\d+)(\.\d*)?[eE]([-+]?)(\d+)")


def reads_as_number(text: str) -> bool:
    """Say whether a text is digits, e, digits: a number for everybody but YAML."""
    return _SCIENTIFIC.fullmatch(text) is not None


def in_yaml(text: str) -> str:
    """Return such a number as YAML reads it: 1e-4 as 1.0e-4, 2.5e3 as 2.5e+3."""
    match = _SCIENTIFIC.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no number in scientific notation")
    whole, part, sign, exponent = match.groups()
    return f"{whole}{part or '.0'}e{sign or '+'}{exponent}"
