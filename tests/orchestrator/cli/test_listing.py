from collections.abc import Callable

import pytest
from click.testing import Result

from gan_models.config import LOSS_NAMES, NETWORK_NAMES
from gan_models.data.source import DATASET_NAMES, FILE_KINDS
from gan_models.objectives.regularisers import REGULARISERS
from orchestrator.columns import COLUMN_MEANINGS
from search_spaces.catalog import SPACES
from tests.orchestrator.test_spaces import SPACE
from tests.own_code import DATA, LOSS, NETWORKS, OwnCode

Ganorch = Callable[..., Result]
Refused = Callable[..., str]


@pytest.mark.parametrize(
    ("what", "names"),
    [
        ("spaces", SPACES),
        ("datasets", [*DATASET_NAMES, *FILE_KINDS]),
        ("networks", NETWORK_NAMES),
        ("losses", LOSS_NAMES),
        ("regularisers", REGULARISERS),
        ("metrics", COLUMN_MEANINGS),
    ],
)
def test_every_name_that_a_spec_may_use_has_a_line(
    ganorch: Ganorch, what: str, names: list[str]
) -> None:
    result = ganorch("list", what)
    assert result.exit_code == 0
    first_words = [line.split()[0] for line in result.stdout.splitlines() if line]
    assert set(names) <= set(first_words)


@pytest.mark.parametrize("name", SPACES)
def test_a_space_shows_every_parameter_with_range_condition_and_reason(
    ganorch: Ganorch, name: str
) -> None:
    lines = ganorch("list", "space", name).stdout.splitlines()
    for parameter in SPACES[name].parameters:
        condition = parameter.describe_condition() or "always"
        cells = (parameter.name, parameter.domain.describe(), condition, parameter.why)
        assert any(all(cell in line for cell in cells) for line in lines), parameter.name
    for pinned, value in SPACES[name].pinned.items():
        assert any(line.startswith(pinned) and f"{value} (fixed)" in line for line in lines)


def test_losses_come_with_formula_and_source(ganorch: Ganorch) -> None:
    lines = ganorch("list", "losses").stdout.splitlines()
    hinge = next(line for line in lines if line.startswith("hinge"))
    assert "max(0, 1 − l(x))" in hinge
    assert hinge.endswith("1705.02894")


def test_regularisers_come_with_what_a_spec_writes_formula_and_source(ganorch: Ganorch) -> None:
    lines = ganorch("list", "regularisers").stdout.splitlines()
    r1 = next(line for line in lines if line.startswith("r1 "))
    assert "penalty: r1 " in r1
    assert "r1_gamma / 2 · E |∇D(x)|²" in r1
    assert "1801.04406" in r1


def test_the_shape_of_images_in_parquet_lists_is_told(ganorch: Ganorch) -> None:
    lines = ganorch("list", "datasets").stdout.splitlines()
    parquet = next(line for line in lines if line.startswith("parquet"))
    assert "float lists are points, unless" in parquet
    assert parquet.endswith('table.replace_schema_metadata({"shape": "[1, 8, 8]"})')


def test_an_unknown_space_is_refused_with_the_nearest(refused: Refused) -> None:
    assert refused("list", "space", "dcgam").startswith("space = 'dcgam': did you mean 'dcgan'?")


def test_packages_bring_names_and_a_broken_one_is_a_warning(
    ganorch: Ganorch, own_code: OwnCode
) -> None:
    entries = {
        "ganorch.networks": {"tiny": "fancy_list:networks", "mlp": "fancy_list:networks"},
        "ganorch.losses": {"mine": "fancy_list:loss"},
        "ganorch.datasets": {"line": "fancy_list:load"},
        "ganorch.spaces": {"widths": "fancy_list:space"},
    }
    own_code.install("fancy", entries, fancy_list=NETWORKS + LOSS + DATA + SPACE)
    own_code.install("sad", {group: {"sad": "sad_list:thing"} for group in entries}, sad_list="1/0")

    lines = {what: ganorch("list", what) for what in ("networks", "losses", "datasets", "spaces")}

    shown = {
        "networks": ("tiny", "one layer"),
        "losses": ("mine", "own"),
        "datasets": ("line", "Points on a line"),
        "spaces": ("widths", "two widths"),
    }
    for what, (name, doc) in shown.items():
        (line,) = [each for each in lines[what].stdout.splitlines() if each.startswith(name)]
        assert line.endswith(f"{doc}; by the package fancy")
        warnings = lines[what].stderr.splitlines()
        assert warnings[-1].startswith("ganorch: warning: ganorch.")
        assert (
            "'sad' of the package sad: importing sad_list fails: ZeroDivisionError" in warnings[-1]
        )
        assert (lines[what].exit_code, len(warnings)) == (0, 2 if what == "networks" else 1)
    assert "package fancy: 'mlp' in ganorch.networks is a name of ours" in lines["networks"].stderr
    assert ganorch("list", "space", "widths").stdout.startswith("widths: two widths")
