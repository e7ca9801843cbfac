from pathlib import Path

import pytest

from orchestrator.sampling.mirror_target import (
    engine_url,
    journal_file,
    shown,
    target_problem,
)


@pytest.mark.parametrize(
    "target",
    ["none", "journal", "journal:studies/digits.log", "sqlite:////tmp/s.db", "postgresql://u@h/db"],
)
def test_a_target_that_can_be_meant_has_no_problem(target: str) -> None:
    assert target_problem(target) is None
    assert shown(target) == target


@pytest.mark.parametrize("target", ["", "yes", "journal:", "mysql://u@h/db", "redis://h"])
def test_another_target_is_answered_with_what_is_allowed(target: str) -> None:
    problem = target_problem(target)
    assert problem is not None
    assert "none, journal, journal:FILE, sqlite://… or postgresql://…" in problem


@pytest.mark.parametrize(
    "target", ["postgresql://ada:hidden@host/db", "postgresql://ada@host/db?password=hidden"]
)
def test_a_password_is_refused_and_not_shown(target: str) -> None:
    problem = target_problem(target)
    assert problem is not None
    assert "PGPASSWORD" in problem
    assert "hidden" not in problem
    assert shown(target) == "postgresql://ada@host/db"


def test_a_journal_lies_in_the_run_folder_unless_it_says_otherwise() -> None:
    folder = Path("/runs/digits")
    assert journal_file("journal", folder) == folder / "study.journal"
    assert journal_file("journal:a/b.log", folder) == folder / "a" / "b.log"
    assert journal_file("journal:/elsewhere/b.log", folder) == Path("/elsewhere/b.log")
    assert journal_file("sqlite:///a.db", folder) is None


def test_a_url_gets_the_driver_that_we_install() -> None:
    assert engine_url("postgresql://ada@host/db") == "postgresql+psycopg://ada@host/db"
