import json
import zlib

import pytest

from orchestrator.sealed_lines import is_more_than_torn, seal_line, split_seal

VALUES = {"seq": 3, "note": 'a ",crc":" in a note', "fid": 1.5}


def test_a_line_is_json_that_ends_with_its_checksum() -> None:
    line, crc = seal_line(VALUES, start=7)
    assert json.loads(line) == VALUES | {"crc": f"{crc:08x}"}


def test_what_was_sealed_is_given_back_with_its_checksum() -> None:
    line, crc = seal_line(VALUES, start=7)
    body, seal = split_seal(line)
    assert (json.loads(body), seal) == (VALUES, crc)
    assert zlib.crc32(body, 7) == crc


@pytest.mark.parametrize("line", [b"", b"{}", b'{"crc":"0123456"}', b'{"a":1,"crc":"0123456g"}'])
def test_a_line_without_a_checksum_has_none(line: bytes) -> None:
    assert split_seal(line) == (line, None)


def test_the_checksum_depends_on_the_place() -> None:
    assert seal_line(VALUES, start=0)[1] != seal_line(VALUES, start=1)[1]


def test_every_beginning_of_a_line_is_merely_torn_and_a_changed_end_is_not() -> None:
    line, _ = seal_line({"seq": 3, "fid": 1.5}, start=0)
    assert not any(is_more_than_torn(line[:length]) for length in range(len(line) + 1))
    assert all(is_more_than_torn(line + bytes([10 ^ 1 << bit])) for bit in range(8))
