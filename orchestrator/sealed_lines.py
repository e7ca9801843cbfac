"""JSON lines that carry a checksum: none can be changed, moved, left out or put in unseen.

The checksum is the last entry of a line, a CRC-32 of all before it. It starts from a number that
only the right place in the file gives, so that a whole line in a wrong place does not verify.
"""

import json
import re
import zlib
from collections.abc import Mapping
from typing import Any

_SEAL = re.compile(rb',"crc":"([0-9a-f]{8})"\}')


def seal_line(values: Mapping[str, Any], start: int) -> tuple[bytes, int]:
    """Return values as one line without its end, and their checksum from ``start`` on."""
    body = json.dumps(values, allow_nan=False, separators=(",", ":")).encode()
    crc = zlib.crc32(body, start)
    return body[:-1] + b',"crc":"%08x"}' % crc, crc


def split_seal(line: bytes) -> tuple[bytes, int | None]:
    """Return the line as it was before it was sealed, and its checksum; None without one."""
    found = _SEAL.search(line, max(0, len(line) - 18))
    if found is None or found.end() != len(line):
        return line, None
    return line[: found.start()] + b"}", int(found[1], 16)


def is_more_than_torn(tail: bytes) -> bool:
    """Say whether what follows the last line's end cannot be the beginning of a line.

    A torn line ends within the line. One with anything after its checksum had an end, that changed.
    """
    found = _SEAL.search(tail)
    return found is not None and found.end() < len(tail)
