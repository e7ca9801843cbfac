import json
from dataclasses import replace
from pathlib import Path

import pytest

from gan_models.data.dataset import Split
from orchestrator.config.model import SweepConfig
from orchestrator.errors import ConfigError
from orchestrator.measure import check_same_measure, sweep_protocol
from orchestrator.paths import RunPaths
from orchestrator.records import Evaluation
from orchestrator.yardstick import open_yardstick
from tests.orchestrator.scripted import make_config


@pytest.fixture
def paths(tmp_path: Path) -> RunPaths:
    return RunPaths(tmp_path)


@pytest.fixture(scope="module")
def config() -> SweepConfig:
    return make_config(data={"name": "ring8"}, evaluation={"samples": 200})


def scored_by(protocol: str) -> Evaluation:
    return Evaluation(run="a", step=1, fid=1.0, protocol=protocol)


def test_the_protocol_of_a_sweep_is_that_of_its_select_split(config: SweepConfig) -> None:
    protocol = sweep_protocol(config)
    reference = open_yardstick(config.data, config.evaluation.features).reference(Split.SELECT)
    assert protocol == reference.protocol(n_fake=200, seed=protocol.seed)


def test_it_is_kept_in_the_run_folder_and_scores_of_it_are_welcome(
    paths: RunPaths, config: SweepConfig
) -> None:
    check_same_measure(config, paths, [])
    protocol = sweep_protocol(config)
    assert json.loads(paths.protocol.read_text()) == protocol.to_mapping()
    check_same_measure(config, paths, [scored_by(protocol.hash)])


def test_what_differs_from_the_kept_protocol_is_named(paths: RunPaths, config: SweepConfig) -> None:
    protocol = sweep_protocol(config)
    older = replace(protocol, n_real=7, features="another network")
    paths.protocol.write_text(json.dumps(older.to_mapping()))
    message = (
        rf"protocol.json: .* features \(another network, now {protocol.features}\), "
        rf"n_real \(7, now {protocol.n_real}\); the data, sweep.yaml or the feature network has"
    )
    with pytest.raises(ConfigError, match=message):
        check_same_measure(config, paths, [])
    assert json.loads(paths.protocol.read_text())["n_real"] == 7


def test_scores_of_an_unknown_protocol_are_refused_by_their_hash(
    paths: RunPaths, config: SweepConfig
) -> None:
    with pytest.raises(ConfigError, match=r"were taken by 123abc and cannot be compared"):
        check_same_measure(config, paths, [scored_by("123abc")])
    assert not paths.protocol.exists()


def test_a_torn_protocol_is_named_with_what_to_do(paths: RunPaths, config: SweepConfig) -> None:
    paths.protocol.write_text("{")
    with pytest.raises(ConfigError, match=r"protocol.json: not a protocol .*; remove it"):
        check_same_measure(config, paths, [])
