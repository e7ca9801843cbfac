from pathlib import Path

import pytest

from gan_models.errors import DamageError
from orchestrator.table_seal import check_table, seal_tables


@pytest.fixture
def table(tmp_path: Path) -> Path:
    table = tmp_path / "run" / "tables" / "trials.parquet"
    table.parent.mkdir(parents=True)
    table.write_bytes(b"old")
    seal_tables(table.parent, {table.name: table})
    return table


def test_a_table_that_is_what_was_written_verifies(table: Path) -> None:
    check_table(table)


def test_a_kill_between_manifest_and_table_leaves_a_table_that_verifies(table: Path) -> None:
    draft = table.with_name("draft")
    draft.write_bytes(b"new")
    seal_tables(table.parent, {table.name: draft})
    check_table(table)
    draft.replace(table)
    check_table(table)


@pytest.mark.parametrize("damaged", ["trials.parquet", "manifest.json"])
def test_damage_is_named_with_its_mend(table: Path, damaged: str) -> None:
    file = table.with_name(damaged)
    content = bytearray(file.read_bytes())
    content[1] ^= 4
    file.write_bytes(content)
    run = table.parents[1]
    with pytest.raises(
        DamageError, match=f"{damaged}: .*damaged .*`ganorch resume {run}` writes the tables anew"
    ):
        check_table(table)


def test_tables_of_before_there_were_manifests_are_taken_as_they_are(table: Path) -> None:
    table.with_name("manifest.json").unlink()
    table.write_bytes(b"whatever")
    check_table(table)


def test_a_file_beside_a_foreign_manifest_is_no_table_of_ours(tmp_path: Path, table: Path) -> None:
    other = table.with_name("other.parquet")
    other.write_bytes(b"x")
    check_table(other)
