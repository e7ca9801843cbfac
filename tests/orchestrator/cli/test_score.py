import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result

from orchestrator.cli.score import _format_score
from orchestrator.paths import RunPaths

Ganorch = Callable[..., Result]
Refused = Callable[..., str]


@pytest.fixture
def sets(run: RunPaths, tmp_path: Path) -> tuple[Path, Path]:
    """The points of the sweep, and 100 others."""
    fake = tmp_path / "fake.npy"
    np.save(fake, np.random.default_rng(1).normal(size=(100, 2)).astype(np.float32))
    return run.root.parents[1] / "points.npz", fake


def test_json_has_exactly_this_shape(ganorch: Ganorch, sets: tuple[Path, Path]) -> None:
    result = ganorch("score", "--real", sets[0], "--fake", sets[1], "--json")
    found = json.loads(result.stdout)
    assert list(found) == ["metrics", "as_good_as_real", "protocol", "protocol_hash"]
    assert list(found["metrics"]) == [
        *("fid", "kid", "precision", "recall", "density", "coverage", "vendi"),
        *("bins_differing_frac", "modes", "mode_entropy", "reverse_kl", "high_quality_frac"),
        *("c2st", "c2st_standard_error", "closer_to_train_frac"),
        *("closer_to_train_standard_error", "copies_frac"),
    ]
    assert list(found["metrics"]["fid"]) == [
        *("value", "debiased", "standard_error", "floor", "half_a", "half_b")
    ]
    assert list(found["metrics"]["kid"]) == ["value", "standard_error"]
    assert found["metrics"]["modes"] is None  # of points without known centres
    assert found["metrics"]["closer_to_train_frac"] is None  # nobody said what was learnt from
    assert (found["protocol"]["n_real"], found["protocol"]["n_fake"]) == (240, 100)


def test_the_table_says_by_which_protocol(ganorch: Ganorch, sets: tuple[Path, Path]) -> None:
    shown = ganorch("score", "--real", sets[0], "--fake", sets[1], "-n", 50).stdout
    assert shown.splitlines()[0].split() == [
        *("metric", "value", "±", "error", "as", "good", "as", "real")
    ]
    assert "50 fakes against 240 reals (all samples), features identity, protocol " in shown
    cells = {line.split("  ")[0]: line.split()[-3:] for line in shown.splitlines()}
    assert "modes" not in cells  # of points without known centres
    assert cells["C2ST"][2] == "0.500"
    assert cells["FID debiased"][2] == "0"


def test_too_few_samples_leave_the_debiased_distance_open_and_say_so(
    ganorch: Ganorch, tmp_path: Path
) -> None:
    file = tmp_path / "wide.npy"
    np.save(file, np.random.default_rng(0).normal(size=(100, 32)).astype(np.float32))
    shown = ganorch("score", "--real", file, "--fake", file, "-n", 50).stdout
    line = next(line for line in shown.splitlines() if line.startswith("FID debiased"))
    assert line.split()[2:] == ["—", "—", "0"]
    assert "need at least 4 times as many fakes, and reals, as features." in shown


def test_what_was_learnt_from_shows_copies(ganorch: Ganorch, sets: tuple[Path, Path]) -> None:
    copies = ("score", "--real", sets[0], "--fake", sets[1], "--train", sets[1], "--json")
    metrics = json.loads(ganorch(*copies).stdout)["metrics"]
    assert metrics["closer_to_train_frac"] == metrics["copies_frac"] == 1


def test_reals_that_were_learnt_from_cannot_show_copies(
    refused: Refused, sets: tuple[Path, Path]
) -> None:
    message = refused("score", "--real", sets[0], "--fake", sets[1], "--train", sets[0])
    assert message == (
        f"{sets[0]}: 100% of the reals ({sets[0]}) stand in it too; copies show only beside reals "
        "that the generator did not learn from: give others as --real"
    )


def test_fakes_that_are_the_reals_are_scored_with_a_warning(
    ganorch: Ganorch, sets: tuple[Path, Path]
) -> None:
    result = ganorch("score", "--real", sets[0], "--fake", sets[0], "--json")
    assert json.loads(result.stdout)["metrics"]["fid"]["value"] == pytest.approx(0, abs=1e-9)
    assert result.stderr.startswith("ganorch: warning: 100% of the fakes stand among the reals")


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.5, "0.500"), (-0.00123, "-0.0012"), (0.0000123, "1.2e-05"), (0.0, "0.000"), (None, "—")],
)
def test_small_scores_keep_digits_that_count(value: float | None, text: str) -> None:
    assert _format_score(value) == text


def test_a_run_is_scored_by_its_best(
    ganorch: Ganorch, run: RunPaths, sets: tuple[Path, Path]
) -> None:
    shown = ganorch("score", "--real", sets[0], "--fake", run.root, "-n", 100)
    assert "100 fakes against 240 reals" in shown.stdout


def test_sets_that_cannot_be_compared_are_refused(
    refused: Refused, sets: tuple[Path, Path], tmp_path: Path
) -> None:
    real = ["score", "--real", sets[0]]
    flat = tmp_path / "flat.npy"
    np.save(flat, np.zeros((60, 3), np.float32))
    assert refused(*real, "--fake", flat) == (
        f"{flat} (points of 3) cannot be scored against {sets[0]} (points of 2): "
        "both must have one kind and shape"
    )
    assert "holds 100 samples, but 200 were asked for" in refused(
        *real, "--fake", sets[1], "-n", 200
    )
    assert "features = 'inceptoin'" in refused(*real, "--fake", sets[1], "--features", "inceptoin")
    assert "does not exist" in refused(*real, "--fake", tmp_path / "none")
    assert "did you mean 'ring8'?" in refused("score", "--real", "ring", "--fake", flat)
