"""The benchmarks still run, and compare what they say they compare. No timing is asserted."""

import ast
import importlib.util
import re
import sys
from collections.abc import Iterator
from itertools import count, islice
from pathlib import Path
from types import ModuleType

import pytest
import torch
from click.testing import CliRunner
from torch import Tensor, nn

from benchmarks import autoencoder_baseline, network_costs
from gan_models.config import NETWORK_NAMES, GanConfig
from gan_models.data.dataset import Dataset
from gan_models.data.load import load_splits
from gan_models.data.source import DataSource
from gan_models.features.classifier import build_classifier
from gan_models.metrics.scores import Scores
from gan_models.training.draws import Draws
from gan_models.training.loop import train
from gan_models.training.state import new_state

SMALL = GanConfig(network="mlp", width=8, latent_dim=4, batch_size=8, ema_half_life_kimg=0.02)
NUM_STEPS = 5


def load_script(repository: Path, name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, repository / "benchmarks" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def step_overhead(repository: Path) -> ModuleType:
    return load_script(repository, "step_overhead")


def test_step_overhead_compares_our_loop_with_both_bare_ones(
    step_overhead: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch, "set_num_threads", lambda number: None)  # it is for the process
    monkeypatch.setattr(step_overhead, "FIRST_STEPS", 1)
    arguments = ["--device", "cpu", "--rounds", "2", "--blocks", "3", "--steps", "1"]

    result = CliRunner().invoke(step_overhead.main, arguments, catch_exceptions=False)

    assert result.exit_code == 0
    lines = result.output.splitlines()
    assert [line.split()[0] for line in lines[1:5]] == ["mlp", "ours", "tutorial", "tuned"]
    assert [line.split()[0] for line in lines[5:]] == ["dcgan", "ours", "tutorial", "tuned"]
    assert "ours / tuned: CPU " in lines[4]


def test_step_overhead_compares_every_option_with_the_plain_step(
    step_overhead: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch, "set_num_threads", lambda number: None)  # it is for the process
    monkeypatch.setattr(step_overhead, "FIRST_STEPS", 0)
    monkeypatch.setattr(step_overhead, "WARM_UP_STEPS", 0)
    counts = ["--rounds", "1", "--blocks", "1", "--steps", "1"]
    arguments = ["--options", "--network", "mlp", "--device", "cpu", *counts]

    result = CliRunner().invoke(step_overhead.main, arguments, catch_exceptions=False)

    lines = result.output.splitlines()[2:]
    assert lines[0].startswith("  plain again ")
    assert all("step / plain step: CPU " in line for line in lines)
    assert len(lines) == 1 + len(step_overhead.OPTIONS)


def test_step_overhead_compares_the_options_that_are_named(
    step_overhead: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch, "set_num_threads", lambda number: None)  # it is for the process
    monkeypatch.setattr(step_overhead, "FIRST_STEPS", 0)
    monkeypatch.setattr(step_overhead, "WARM_UP_STEPS", 0)
    arguments = ["--options", "augment", "--network", "dcgan", "--device", "cpu"]
    counts = ["--rounds", "1", "--blocks", "1", "--steps", "1"]

    result = CliRunner().invoke(step_overhead.main, [*arguments, *counts], catch_exceptions=False)

    names = [line[2:].split("step /")[0].strip() for line in result.output.splitlines()[2:]]
    augmented = [name for name in step_overhead.IMAGE_OPTIONS if name.startswith("augment")]
    assert names == ["plain again", *augmented]


def test_step_overhead_needs_only_the_models_torch_and_click(repository: Path) -> None:
    tree = ast.parse((repository / "benchmarks" / "step_overhead.py").read_text(encoding="utf-8"))

    packages = {module.split(".")[0] for module in imported(tree)}

    assert packages - sys.stdlib_module_names == {"gan_models", "torch", "click"}


@pytest.mark.parametrize("tuned", [False, True])
def test_the_bare_loops_do_the_work_of_ours(step_overhead: ModuleType, tuned: bool) -> None:
    real = load_splits(DataSource(name="ring8")).train
    ours, bare = (new_state(SMALL, real.sample, seed=0) for _ in range(2))
    draws = Draws(SMALL, real, seed=0, device=torch.device("cpu"))
    batches, latents = real_batches(draws), latents_in_turn(draws)

    loop = step_overhead.bare_loop(
        bare, SMALL, lambda: next(batches), lambda: next(latents), tuned=tuned
    )
    assert len(list(islice(loop, NUM_STEPS))) == NUM_STEPS
    list(train(SMALL, ours, real, seed=0, until_nimg=NUM_STEPS * SMALL.batch_size))

    for name in ("generator", "discriminator", "ema"):
        before = weights(getattr(new_state(SMALL, real.sample, seed=0), name))
        after = weights(getattr(ours, name))
        assert (after - before).abs().max() > 1e-4
        torch.testing.assert_close(weights(getattr(bare, name)), after, rtol=0, atol=1e-6)


def test_turns_are_dealt_evenly(step_overhead: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(step_overhead, "FIRST_STEPS", 0)
    monkeypatch.setattr(step_overhead, "WARM_UP_STEPS", 0)
    pulled: list[str] = []

    def loop(name: str) -> Iterator[None]:
        while True:
            pulled.append(name)
            yield

    cpu = torch.device("cpu")
    costs = step_overhead.interleave({n: loop(n) for n in "abc"}, blocks=3, steps=1, device=cpu)

    assert "".join(pulled) == "abc" + "cab" + "bca"
    assert {name: len(blocks) for name, blocks in costs.items()} == {"a": 3, "b": 3, "c": 3}


def test_the_ratio_is_our_speed_over_theirs(step_overhead: ModuleType) -> None:
    cost = step_overhead.BlockCost
    half_as_fast = {"ours": [cost(2.0, 9.0)] * 3, "bare": [cost(1.0, 9.0)] * 3}

    assert step_overhead.ratios([half_as_fast], "bare", "cpu_s") == [0.5]
    assert step_overhead.ratios([half_as_fast], "bare", "wall_s") == [1.0]
    assert step_overhead.spread([0.5, 1.0, 0.7]) == "0.700 (0.500 to 1.000)"


def test_driver_overhead_can_be_imported(repository: Path) -> None:
    script = load_script(repository, "driver_overhead")

    assert list(script.CONTENDERS) == ["ours", "tune", "tune-without-loggers"]
    text = script.describe({"ours": [3.0, 4.0, 9.0], "tune": [2.0, 4.0, 3.0]})
    assert text.splitlines()[1].endswith("ours / tune: 1.50 (1.00 to 3.00)")


def test_storage_costs_measures_a_folder_as_well(repository: Path, tmp_path: Path) -> None:
    script = load_script(repository, "storage_costs")

    vars(script)["NUM_EVENTS"] = 3
    for what, measure in list(script.MEASURES.items())[:3]:
        assert measure(None, tmp_path / what) > 0
        assert measure(f"file://{tmp_path}/stored", tmp_path / f"{what} stored") > 0


def test_network_costs_has_a_line_for_each_architecture(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "set_num_threads", lambda number: None)  # it is for the process
    monkeypatch.setattr(network_costs, "WIDTH", 8)
    arguments = ["--device", "cpu", "--blocks", "1", "--steps", "1", "--size", "8"]

    result = CliRunner().invoke(network_costs.main, arguments, catch_exceptions=False)

    lines = result.output.splitlines()
    assert lines[0].startswith("8 x 8, cpu")
    assert [line.split()[0] for line in lines[2:]] == list(NETWORK_NAMES)
    assert lines[3].endswith("x 1.000 (1.000 to 1.000)")


def test_the_autoencoder_stands_beside_gans_in_one_table() -> None:
    same = [("one", Scores(fid=2.0, coverage=0.5)), ("other", Scores(fid=3.0, coverage=1.0))]

    head, one, other = autoencoder_baseline.table([*same, ("one", Scores(fid=4.0, coverage=0.7))])

    assert head.split() == list(autoencoder_baseline.COLUMNS)
    assert one.startswith("one ")
    assert "3.00 (2.00 to 4.00)" in one
    assert one.endswith("0.60 (0.50 to 0.70)      ")
    assert "3.00 (3.00 to 3.00)" in other


def imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield str(node.module)


def real_batches(draws: Draws) -> Iterator[Tensor]:
    return (draws.real(SMALL.batch_size * step) for step in count())


def latents_in_turn(draws: Draws) -> Iterator[Tensor]:
    for step in count():
        yield draws.latents("discriminator", SMALL.batch_size * step)
        yield draws.latents("generator", step)


def weights(network: nn.Module) -> Tensor:
    return torch.cat([weight.detach().flatten() for weight in network.parameters()])


def test_training_set_size_scores_every_size(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = load_script(repository, "training_set_size")
    monkeypatch.setattr(torch, "set_num_threads", lambda number: None)  # it is for the process
    arguments = ["--kimg", "1", "--every-kimg", "1", "--seeds", "2", "--size", "50", "--size", "90"]

    result = CliRunner().invoke(script.main, arguments, catch_exceptions=False)

    assert result.exit_code == 0
    assert [line.split()[0] for line in result.output.splitlines()[1:]] == ["50", "90"]
    assert len(set(re.findall(r"\d+\.\d\d", result.output))) == 4  # one for each size and seed


def test_conditional_digits_measures_each_kind_beside_real_digits(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = load_script(repository, "conditional_digits")
    monkeypatch.setattr(torch, "set_num_threads", lambda number: None)  # it is for the process
    monkeypatch.setattr(script, "train_classifier", untrained_classifier)
    monkeypatch.setattr(script, "NUM_FAKES", 20)

    arguments = ["--seeds", "2", "--kimg", "0", "--kind", "concat", "--kind", "auxiliary"]
    result = CliRunner().invoke(script.main, arguments, catch_exceptions=False)

    assert result.exit_code == 0
    assert [line.split(":")[0] for line in result.output.splitlines()] == [
        "real digits",
        "concat",
        "auxiliary",
    ]
    assert result.output.count("label consistency 0.") == 3


def untrained_classifier(labelled: Dataset) -> nn.Module:
    """Return a classifier that is not trained: the benchmark's arithmetic is what is tested."""
    return build_classifier(labelled)
