import io
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from orchestrator.config.load import build_config, load_config, parse_assignment, save_config
from orchestrator.errors import ConfigError
from tests.own_code import OwnCode

PBT = {"kind": "pbt"}
SPEC = """
name: points
data: {name: ring8}
space: ring8
search: {trials: 4, seed: 3}
selection: {diversity: {coverage: 0.5}}
"""
MINIMAL: dict[str, Any] = {"name": "points", "data": {"name": "ring8"}, "space": "ring8"}

WriteSpec = Callable[[str], Path]


@pytest.fixture
def write_spec(tmp_path: Path) -> WriteSpec:
    def write(text: str) -> Path:
        path = tmp_path / "spec.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def refusal(**sections: Any) -> str:
    """Return the one line with which a spec is refused."""
    with pytest.raises(ConfigError) as caught:
        build_config(MINIMAL | sections)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_a_file_becomes_a_configuration(write_spec: WriteSpec) -> None:
    config = load_config(write_spec(SPEC))
    assert (config.search.trials, config.search.seed) == (4, 3)
    assert config.selection.diversity.coverage == 0.5


@pytest.mark.parametrize(
    ("sections", "key", "meant"),
    [
        ({"serch": {}}, "serch", "search"),
        ({"search": {"trial": 3}}, "search.trial", "trials"),
        ({"budget": {"max_hour": 3}}, "budget.max_hour", "max_hours"),
        ({"scheduler": {"grace": 3}}, "scheduler.grace", "grace_kimg"),
        ({"balance": {"rollback": 1}}, "balance.rollback", "rollbacks"),
        ({"selection": {"diversty": {}}}, "selection.diversty", "diversity"),
        (
            {"selection": {"diversity": {"coverag": 0.5}}},
            "selection.diversity.coverag",
            "coverage",
        ),
    ],
)
def test_an_unknown_key_is_named_with_the_nearest_that_exists(
    sections: dict[str, Any], key: str, meant: str
) -> None:
    message = refusal(**sections)
    assert f"unknown key '{key}': did you mean '{meant}'? allowed: " in message


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        ({"search": {"trials": 0}}, "search.trials = 0: must be greater than or equal to 1"),
        ({"search": {"trials": 2.5}}, "search.trials = 2.5: must be a valid integer"),
        ({"search": {"trials": "many"}}, "search.trials = 'many': must be a valid integer"),
        ({"search": {"trials": True}}, "search.trials = True: must be a number"),
        ({"search": {"seed": -1}}, "search.seed = -1: must be greater than or equal to 0"),
        ({"search": {"sampler": "tpee"}}, "search.sampler = 'tpee': must be 'tpe' or 'random'"),
        (
            {"search": {"objectives": ["coverage"]}},
            "search.objectives = ['coverage']: must be [fid] or [fid, coverage]",
        ),
        (
            {"search": {"objectives": ["fid", "fid"]}},
            "search.objectives = ['fid', 'fid']: must be [fid] or [fid, coverage]",
        ),
        ({"search": {"objectives": []}}, "search.objectives = []: must be [fid] or"),
        (
            {"search": {"objectives": ["fid", "kid"]}},
            "search.objectives.1 = 'kid': must be 'fid' or 'coverage'",
        ),
        ({"search": {"objectives": "fid"}}, "search.objectives = 'fid': must be a list"),
        (
            {"search": {"stop_when_settled": 1}},
            "search.stop_when_settled = 1: must be a valid boolean",
        ),
        (
            {"search": {"stop_when_settled": True, "objectives": ["fid", "coverage"]}},
            "search.stop_when_settled = True: what more trials would gain is estimated for "
            "search.objectives = [fid] only",
        ),
        (
            {"search": {"trials": 1, "begin_with": [{}, {}]}},
            "search.begin_with = 2 recipes: must not be more than search.trials = 1",
        ),
        (
            {"search": {"begin_with": ["dcgan"]}},
            "search.begin_with.0 = 'dcgan': must be a mapping of keys to values",
        ),
        (
            {"search": {"begin_with": {"d_lr": 0.1}}},
            "search.begin_with = {'d_lr': 0.1}: must be a list",
        ),
        ({"search": None}, "search = None: must be a mapping of keys to values"),
        ({"search": [4]}, "search = [4]: must be a mapping of keys to values"),
        ({"fixed": [64]}, "fixed = [64]: must be a mapping of keys to values"),
        ({"budget": {"kimg_per_trial": 1e-5}}, "budget.kimg_per_trial = 1e-05: must be greater"),
        ({"budget": {"kimg_per_trial": float("inf")}}, "budget.kimg_per_trial = inf: must be a"),
        ({"budget": {"kimg_per_trial": True}}, "budget.kimg_per_trial = True: must be a number"),
        ({"budget": {"max_hours": 0}}, "budget.max_hours = 0: must be greater than 0"),
        ({"budget": {"max_trials": 0}}, "budget.max_trials = 0: must be greater than or equal"),
        ({"evaluation": {"every_kimg": 1e-5}}, "evaluation.every_kimg = 1e-05: must be greater"),
        ({"evaluation": {"samples": 8}}, "evaluation.samples = 8: must be greater than or equal"),
        ({"scheduler": {"kind": "ash"}}, "scheduler.kind = 'ash': must be 'asha', 'hyperband'"),
        ({"scheduler": {"grace_kimg": 0}}, "scheduler.grace_kimg = 0: must be greater than"),
        ({"scheduler": {"reduction": 1}}, "scheduler.reduction = 1: must be greater than or"),
        ({"scheduler": {"tie_sds": -1}}, "scheduler.tie_sds = -1: must be greater than or"),
        ({"scheduler": {"min_trials": 0}}, "scheduler.min_trials = 0: must be greater than or"),
        ({"scheduler": {"quantile": 0.6}}, "scheduler.quantile = 0.6: must be less than or"),
        ({"scheduler": {"quantile": 0}}, "scheduler.quantile = 0: must be greater than 0"),
        ({"scheduler": {"interval_kimg": 0}}, "scheduler.interval_kimg = 0: must be greater than"),
        ({"scheduler": {"significant_sds": -1}}, "scheduler.significant_sds = -1: must be greater"),
        (
            {"scheduler": PBT | {"interval_kimg": 2}},
            "scheduler.interval_kimg = 2: must be at least evaluation.every_kimg = 10",
        ),
        (
            {"scheduler": PBT, "search": {"trials": 3}},
            "scheduler.quantile = 0.25: is no whole trial of 3; search.trials must be at least 4",
        ),
        (
            {"scheduler": PBT, "search": {"stop_when_settled": True}},
            "search.stop_when_settled = True: not with scheduler.kind = pbt, under which trials",
        ),
        (
            {"scheduler": PBT, "balance": {"adapt": True}},
            "balance.adapt = True: not with scheduler.kind = pbt, under which a trial may change",
        ),
        (
            {"scheduler": PBT, "balance": {"rollbacks": 1}},
            "balance.rollbacks = 1: not with scheduler.kind = pbt, under which a dead trial's past",
        ),
        (
            {"scheduler": PBT, "selection": {"retrain_seeds": 5}},
            "selection.retrain_seeds = 5: not with scheduler.kind = pbt, under which parameters",
        ),
        ({"balance": {"adapt": "yes"}}, "balance.adapt = 'yes': must be a valid boolean"),
        ({"balance": {"rollbacks": 3}}, "balance.rollbacks = 3: must be less than or equal to 2"),
        ({"balance": {"rollbacks": True}}, "balance.rollbacks = True: must be a number"),
        ({"balance": {"min_d_per_g": 0}}, "balance.min_d_per_g = 0: must be greater than 0"),
        (
            {"balance": {"min_d_per_g": 8}},
            "balance.min_d_per_g = 8: must not exceed balance.max_d_per_g = 4",
        ),
        ({"resources": {"cpus_per_trial": 0}}, "resources.cpus_per_trial = 0: must be greater"),
        ({"resources": {"gpus_per_trial": -1}}, "resources.gpus_per_trial = -1: must be greater"),
        (
            {"selection": {"snapshots": 0}},
            "selection.snapshots = 0: must be greater than or equal to 1",
        ),
        (
            {"selection": {"retrain_seeds": -1}},
            "selection.retrain_seeds = -1: must be greater than or equal to 0",
        ),
        (
            {"selection": {"diversity": {"coverage": 1.5}}},
            "selection.diversity.coverage = 1.5: must be less than or equal to 1",
        ),
        (
            {"selection": {"diversity": {"coverage": float("nan")}}},
            "selection.diversity.coverage = nan: must be greater than or equal to 0",
        ),
        ({"backend": "local"}, "backend = 'local': must be 'ray' or 'in-process'"),
        ({"name": "a b"}, "name = 'a b': string should match pattern"),
        ({"name": 3}, "name = 3: must be a valid string"),
    ],
)
def test_a_value_that_cannot_be_meant_is_named_with_what_is_allowed(
    sections: dict[str, Any], message: str
) -> None:
    assert f"spec: {message}" in refusal(**sections)


@pytest.mark.parametrize("concurrent", [0, -1, 2.0, "all", True, None])
def test_a_count_of_concurrent_trials_is_whole_or_auto(concurrent: Any) -> None:
    message = refusal(resources={"concurrent": concurrent})
    assert message == (
        f"spec: resources.concurrent = {concurrent!r}: must be 'auto' or a whole number from 1"
    )


@pytest.mark.parametrize("space", [3, None, ["ring8"]])
def test_a_space_is_a_name_or_a_mapping(space: Any) -> None:
    assert f"space = {space!r}: must be the name of a space or a mapping" in refusal(space=space)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"name": "digit"}, "data.name = 'digit': did you mean 'digits'?"),
        ({"nam": "digits"}, "data.nam: did you mean 'name'?"),
        ({"path": "x", "kind": "foldr"}, "data.kind = 'foldr': did you mean 'folder'?"),
        ({"path": "x", "name": "digits"}, "data: give exactly one of 'name', 'path' and 'factory'"),
        ({}, "data: give exactly one of 'name', 'path' and 'factory'"),
        ("digits", "data = 'digits': must be a mapping of keys to values"),
        ({"name": 8}, "data.name = 8: must be a valid string"),
    ],
)
def test_data_that_cannot_be_meant_is_refused(data: Any, message: str) -> None:
    assert message in refusal(data=data)


@pytest.mark.parametrize("key", ["name", "data", "space"])
def test_a_key_that_is_missing_is_named(key: str) -> None:
    spec = {name: value for name, value in MINIMAL.items() if name != key}
    with pytest.raises(ConfigError, match=f"spec: '{key}' is missing"):
        build_config(spec)


def test_an_evaluation_must_come_within_the_budget() -> None:
    assert (
        refusal(budget={"kimg_per_trial": 5}, evaluation={"every_kimg": 6})
        == "spec: evaluation.every_kimg = 6.0: must not exceed budget.kimg_per_trial = 5.0"
    )


def test_a_key_that_is_no_text_is_refused_like_any_other() -> None:
    assert "search.1 = 1: keys should be strings" in refusal(search={1: 2})
    assert "fixed.1 = 1: must be a valid string" in refusal(fixed={1: 2})


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("search.trials=8", ("search", "trials", 8)),
        ("search.sampler=random", ("search", "sampler", "random")),
        ("budget.max_hours=0.5", ("budget", "max_hours", 0.5)),
        ("budget.max_hours=null", ("budget", "max_hours", None)),
        ("scheduler={kind: none}", ("scheduler", "kind", "none")),
    ],
)
def test_an_override_replaces_one_value_and_leaves_the_others(
    write_spec: WriteSpec, override: str, expected: tuple[str, str, Any]
) -> None:
    config = load_config(write_spec(SPEC), [override])
    section, key, value = expected
    assert getattr(getattr(config, section), key) == value
    assert config.search.seed == 3


def test_overrides_apply_in_order_and_make_the_sections_that_they_need(
    write_spec: WriteSpec,
) -> None:
    overrides = ["fixed.batch_size=32", "fixed.batch_size=64", "fixed.d_loss=hinge", "name=again"]
    config = load_config(write_spec(SPEC), overrides)
    assert config.fixed == {"batch_size": 64, "d_loss": "hinge"}
    assert config.name == "again"


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("search.trials", "--set search.trials: write it as key=value"),
        ("=8", "--set =8: write it as key=value"),
        ("search.trials=[8", "--set search.trials=[8: the value is not YAML"),
        ("name.first=x", "--set name.first=x: 'name' is not a section"),
        ("search.trial=8", "unknown key 'search.trial': did you mean 'trials'?"),
        ("search.trials=", "search.trials = None: must be a valid integer"),
    ],
)
def test_an_override_that_cannot_be_meant_is_refused(
    write_spec: WriteSpec, override: str, message: str
) -> None:
    with pytest.raises(ConfigError, match=re.escape(message)):
        load_config(write_spec(SPEC), [override])


def test_an_assignment_is_split_at_its_first_equals_sign() -> None:
    assert parse_assignment("note=a=b", option="--param") == ("note", "a=b")
    with pytest.raises(ConfigError, match="--param d_lr: write it as key=value"):
        parse_assignment("d_lr", option="--param")


@pytest.mark.parametrize(
    ("text", "value"),
    [("1e-4", 1e-4), ("2.5e3", 2500.0), ("-1E2", -100.0), ("'1e-4'", "1e-4"), ("1e-4x", "1e-4x")],
)
def test_an_assigned_number_needs_no_point_unless_it_is_quoted(text: str, value: object) -> None:
    assert parse_assignment(f"d_lr={text}", option="--param") == ("d_lr", value)


def test_an_override_takes_1e_4_as_a_number_and_a_file_keeps_what_yaml_read(
    write_spec: WriteSpec,
) -> None:
    spec = write_spec(SPEC + "fixed: {g_lr: 1e-4}\n")
    config = load_config(spec, ["fixed.d_lr=1e-4"])
    assert config.fixed == {"d_lr": 0.0001, "g_lr": "1e-4"}


def test_a_relative_data_path_is_anchored_at_the_folder_of_the_spec(
    write_spec: WriteSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_spec("{name: mine, data: {path: ../images}, space: dcgan}")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    assert load_config(path).data["path"] == str(tmp_path.parent.resolve() / "images")


def test_an_absolute_data_path_stays_and_a_home_is_found(
    write_spec: WriteSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/home/someone")
    absolute = write_spec("{name: mine, data: {path: /data/images}, space: dcgan}")
    assert load_config(absolute).data["path"] == "/data/images"
    at_home = write_spec("{name: mine, data: {path: ~/images}, space: dcgan}")
    assert load_config(at_home).data["path"] == "/home/someone/images"


@pytest.mark.parametrize(
    ("features", "anchored"),
    [
        ("identity", "identity"),
        ("torchscript:nets/a.pt", "torchscript:{folder}/nets/a.pt"),
        ("inception:~/a.pth", "inception:/home/someone/a.pth"),
    ],
)
def test_a_file_of_features_is_anchored_like_data(
    features: str,
    anchored: str,
    write_spec: WriteSpec,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HOME", "/home/someone")
    path = write_spec(f"{SPEC}evaluation: {{features: '{features}'}}\n")
    folder = str(path.parent.resolve())
    assert load_config(path).evaluation.features == anchored.format(folder=folder)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    overridden = load_config(write_spec(SPEC), [f"evaluation.features={features}"])
    folder = str(elsewhere.resolve())
    assert overridden.evaluation.features == anchored.format(folder=folder)


def test_what_is_saved_is_what_is_loaded(write_spec: WriteSpec, tmp_path: Path) -> None:
    text = """
    name: everything
    data: {path: images, kind: folder}
    space: {network: mlp, d_lr: {float: [1.0e-5, 0.01], log: true}, d_steps: {integer: [1, 4]}}
    fixed: {g_lr: 1.0e-4, spectral_norm: true}
    search: {sampler: random, trials: 3, seed: 9007199254740993, startup_trials: 2}
    budget: {kimg_per_trial: 0.1, max_gpu_hours: 0.5}
    evaluation: {every_kimg: 0.05, samples: 100, features: identity}
    scheduler: {kind: asha, reduction: 4, grace_kimg: 0.02}
    resources: {cpus_per_trial: 0.5, gpus_per_trial: 0.25, concurrent: 2}
    selection: {finalists: 1, seeds: 1, diversity: {coverage: 0}}
    backend: in-process
    """
    config = load_config(write_spec(text))
    saved = tmp_path / "run" / "sweep.yaml"
    save_config(saved, config)
    assert load_config(saved) == config
    assert config.search.seed == 2**53 + 1
    assert config.data["path"] == str(tmp_path / "images")


def test_a_saved_configuration_says_every_default(tmp_path: Path) -> None:
    saved = tmp_path / "sweep.yaml"
    save_config(saved, build_config(MINIMAL))
    text = saved.read_text()
    assert "max_gpu_hours: null" in text
    assert "coverage: 0.6" in text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [1", "spec.yaml, line 1: not YAML"),
        ("a: 1\nb: }", "spec.yaml, line 2: not YAML"),
        ("- 1\n- 2", "spec.yaml: a spec is a mapping of keys to values"),
        ("", "spec.yaml: a spec is a mapping of keys to values"),
        ("!!python/object/apply:os.getcwd []", "spec.yaml, line 1: not YAML"),
    ],
)
def test_a_file_that_is_no_spec_is_named(write_spec: WriteSpec, text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(message)):
        load_config(write_spec(text))


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none.yaml: cannot be read \(No such file"):
        load_config(tmp_path / "none.yaml")
    binary = tmp_path / "binary.yaml"
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match=r"binary.yaml: cannot be read \('utf-8'"):
        load_config(binary)


def test_a_refusal_names_the_file(write_spec: WriteSpec) -> None:
    with pytest.raises(ConfigError, match=r"spec.yaml: unknown key 'nme'"):
        load_config(write_spec("{nme: points, data: {name: ring8}, space: ring8}"))


def test_a_spec_may_come_from_standard_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = tmp_path / "spec.yaml"
    spec.write_text(SPEC, encoding="utf-8")
    monkeypatch.setattr("sys.stdin", io.StringIO(SPEC))
    assert load_config("-") == load_config(spec)


def test_modules_that_a_spec_names_are_looked_for_beside_it_and_here(
    tmp_path: Path, own_code: OwnCode, monkeypatch: pytest.MonkeyPatch
) -> None:
    beside, here = tmp_path / "specs", tmp_path / "here"
    for folder, names in ((beside, ("net",)), (here, ("net", "loss"))):
        folder.mkdir()
        for name in names:
            (folder / f"own_load_{name}.py").touch()
    values = {
        "name": "own",
        "data": {"name": "digits"},
        "space": {"d_loss": {"choice": ["hinge", "own_load_loss:x"]}},
        "fixed": {"network": "own_load_net:x", "g_loss": "own_load_nowhere:x"},
    }
    (beside / "spec.yaml").write_text(yaml.safe_dump(values))
    monkeypatch.chdir(here)

    config = load_config(beside / "spec.yaml")

    assert config.modules.folders == (str(beside), str(here))
    assert sys.path[-2:] == [str(beside), str(here)]
    save_config(tmp_path / "sweep.yaml", config)
    assert load_config(tmp_path / "sweep.yaml") == config


def test_a_spec_may_say_where_its_modules_are(tmp_path: Path, own_code: OwnCode) -> None:
    values = {"name": "a", "data": {"factory": "m:load"}, "space": "mlp"}
    spec = tmp_path / "spec.yaml"
    spec.write_text(yaml.safe_dump(values | {"modules": {"folders": ["src"]}}))
    assert load_config(spec).modules.folders == (str(tmp_path / "src"),)
    (tmp_path / "m.py").touch()
    spec.write_text(yaml.safe_dump(values | {"space": "digits-demo", "data": {"name": "digits"}}))
    assert load_config(spec).modules.folders == ()
