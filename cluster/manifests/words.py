"""The kinds of text in a description: no character passes that a shell or a unit file interprets.

So nothing has to be quoted where it is written; only a ``Line`` is the user's own shell.
"""

import re
from typing import Annotated, Any

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

_PATH = "(/[A-Za-z0-9_.,@+=-]+)+"
_OF_LETTERS = "of letters, digits and _.,@+=-"


def _matching(pattern: str, meaning: str, *, max_length: int = 200) -> BeforeValidator:
    """Let only text pass that matches a pattern in full; others are told the meaning."""
    compiled = re.compile(pattern)

    def check(value: Any) -> Any:
        if not isinstance(value, str) or len(value) > max_length or not compiled.fullmatch(value):
            raise PydanticCustomError("text", "must be {meaning}", {"meaning": meaning})
        return value

    return BeforeValidator(check)


# Short ones, since the paths of Ray's sockets have at most 107 characters, of which 64 are its own.
Name = Annotated[
    str,
    _matching(
        "[a-z]([-a-z0-9]*[a-z0-9])?",
        "lower-case letters, digits and '-', from a letter to a letter or digit, at most 26",
        max_length=26,
    ),
]
LocalFolder = Annotated[
    str,
    _matching("(/[A-Za-z0-9_.-]+)+", "a short path, at most 20 characters", max_length=20),
]
KubernetesName = Annotated[
    str,
    _matching(
        "[a-z0-9]([-a-z0-9.]*[a-z0-9])?",
        "lower-case letters, digits, '-' and '.', from a letter or digit to one",
        max_length=63,
    ),
]
Word = Annotated[
    str, _matching("[A-Za-z0-9][A-Za-z0-9_.-]*", "one word of letters, digits and _ . -")
]
Choice = Annotated[
    str, _matching("[A-Za-z0-9][A-Za-z0-9_.,:|&*()-]*", "words joined by , | or &, without spaces")
]
Host = Annotated[
    str, _matching("[A-Za-z0-9][A-Za-z0-9.-]*", "the name or the IPv4 address of a host")
]
HostPath = Annotated[str, _matching(_PATH, f"an absolute path {_OF_LETTERS}")]
HomePath = Annotated[
    str, _matching(f"~?{_PATH}", f"an absolute path, or one from ~, {_OF_LETTERS}")
]
Folder = Annotated[
    str,
    _matching(
        f"((s3|gs)://[a-z0-9][a-z0-9.-]+)?{_PATH}",
        f"an absolute path {_OF_LETTERS}, or s3://… or gs://…",
    ),
]
Program = Annotated[
    str,
    _matching("[A-Za-z0-9_.-]+|(/[A-Za-z0-9_.+-]+)+", "a program's name or its absolute path"),
]
Image = Annotated[
    str,
    _matching("[a-z0-9][A-Za-z0-9_./:@-]*", "the reference of a container image", max_length=500),
]
LabelKey = Annotated[
    str, _matching("([a-z0-9][a-z0-9.-]*/)?[A-Za-z0-9][A-Za-z0-9_.-]*", "the key of a label")
]
Label = Annotated[
    str,
    _matching("([A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?)?", "the value of a label", max_length=63),
]
Line = Annotated[str, _matching(r"[^\x00-\x1f\x7f]*", "one line of text", max_length=2000)]
