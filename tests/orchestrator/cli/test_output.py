import json

import pytest

from orchestrator.cli.output import facts_table, print_json, print_table, table_of

LONG = "a reason that is far too long for a line of eighty characters, as reasons tend to be, yet"


def test_plain_text_is_aligned_and_never_cut(capsys: pytest.CaptureFixture[str]) -> None:
    table = table_of("name", "count", "why", right=("count",))
    table.add_row("a", "12", LONG)
    table.add_row("bcdef", "3", "")
    print_table(table)
    assert capsys.readouterr().out.splitlines() == [
        "name   count  why",
        f"a         12  {LONG}",
        "bcdef      3",
    ]


def test_a_terminal_gets_colours_unless_they_are_not_wanted(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")  # rich takes this for a terminal
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    print_table(table_of("name"))
    assert "\x1b[1m" in capsys.readouterr().out
    monkeypatch.delenv("FORCE_COLOR")
    print_table(table_of("name"))
    assert "\x1b" not in capsys.readouterr().out


def test_values_are_shown_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(facts_table({"interval": "[bold]0.1, 0.2[/bold]", "n": "3"}))
    assert capsys.readouterr().out == "interval  [bold]0.1, 0.2[/bold]\nn         3\n"


def test_json_is_one_document_without_nan(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"a": [1, None, "—"]})
    assert json.loads(capsys.readouterr().out) == {"a": [1, None, "—"]}
    with pytest.raises(ValueError, match="not JSON compliant"):
        print_json(float("nan"))
