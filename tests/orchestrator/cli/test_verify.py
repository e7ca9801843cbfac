import json
from collections.abc import Callable

from click.testing import Result

from orchestrator.paths import RunPaths

Ganorch = Callable[..., Result]


def test_a_whole_run_verifies(ganorch: Ganorch, run: RunPaths) -> None:
    result = ganorch("verify", run.root)
    assert result.exit_code == 0
    assert result.stdout.endswith(" checked, 0 damaged\n")


def test_damage_that_a_resume_mends_exits_with_1_and_a_line_each(
    ganorch: Ganorch, own_run: RunPaths
) -> None:
    own_run.trials_table.write_bytes(b"PAR1")
    (own_run.best / "metrics.json").unlink()
    result = ganorch("verify", own_run.root)
    assert result.exit_code == 1
    first, second, summary = result.stdout.splitlines()
    assert first.startswith(f"{own_run.trials_table}: missing or damaged")
    assert second.startswith(f"{own_run.best / 'metrics.json'}: missing or damaged")
    assert "`ganorch resume` writes it anew" in second
    assert summary.endswith("checked, 2 damaged")


def test_a_damaged_journal_exits_with_2_also_as_json(ganorch: Ganorch, own_run: RunPaths) -> None:
    own_run.journal.write_bytes(b"{}\n" + own_run.journal.read_bytes())
    result = ganorch("verify", own_run.root, "--json")
    assert result.exit_code == 2
    found = json.loads(result.stdout)
    assert (found["is_fatal"], len(found["damages"])) == (True, 1)
    assert "journal.jsonl, line 1" in found["damages"][0]["reason"]


def test_a_model_that_is_damaged_is_neither_shipped_nor_drawn_from(
    ganorch: Ganorch, own_run: RunPaths
) -> None:
    weights = own_run.best / "generator.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    target = own_run.root.parent
    for words in (
        ("export", own_run.root, target / "shipped"),
        ("generate", own_run.root, "-o", target / "fakes.png"),
        ("score", "--real", target / "none.npz", "--fake", own_run.best),
    ):
        result = ganorch(*words)
        assert result.exit_code == 2, words
        if words[0] != "score":
            assert f"{weights}: missing or damaged" in result.stderr
    assert sorted(each.name for each in target.iterdir()) == ["own"]
