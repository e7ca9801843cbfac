"""Every manifest against the checker of its own world: strict schemas, bash and systemd."""

import copy
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import settings as hypothesis_settings

from cluster.manifests.description import Description
from cluster.manifests.render import TARGETS, render
from tests.cluster.manifests.conftest import descriptions

Describe = Callable[..., Description]
Validators = dict[str, jsonschema.Draft202012Validator]
Keys = tuple[str | int, ...]

GOLDEN = Path(__file__).parent / "golden"
KNOWN_UNIT_KEYS = {
    *("Description", "Wants", "After", "StartLimitIntervalSec", "Type", "ExecStart", "Restart"),
    *("RestartSec", "RestartPreventExitStatus", "Environment", "StateDirectory", "MemoryMax"),
    *("RuntimeDirectory", "LoadCredential", "User", "UMask", "KillMode", "TimeoutStopSec"),
    *("NoNewPrivileges", "ProtectSystem", "ProtectHome", "ProtectKernelTunables", "PrivateTmp"),
    *("ProtectControlGroups", "RestrictSUIDSGID", "ReadWritePaths", "WantedBy"),
}
FREE = {  # what no schema can know: names and values that are the user's or the provider's
    *("metadata", "nodeSelector", "rayStartParams", "limits", "requests"),
    *("node_config", "resources", "provider", "file_mounts", "available_node_types"),
}
NUM_MUTATIONS = 300
MIN_REFUSED_FRAC = 0.99


@pytest.mark.parametrize("target", TARGETS)
def test_files_are_as_agreed(
    target: str, describe: Describe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To renew: `ganorch cluster render TARGET golden/description.yaml --out golden --force`."""
    for module in ("kuberay", "ray_up"):
        monkeypatch.setattr(f"cluster.manifests.{module}.ray_version", lambda: "2.60.0")
    described = Description.model_validate(
        yaml.safe_load((GOLDEN / "description.yaml").read_text("utf-8"))
    )
    assert described == describe(), "the golden description is not that of the tests"
    for name, text in render(target, described).items():
        assert text == (GOLDEN / name).read_text("utf-8"), name


@given(values=descriptions())
@hypothesis_settings(max_examples=60)
def test_every_description_gives_documents_that_kuberay_knows(
    values: dict[str, Any], strict_kuberay: Validators
) -> None:
    for text in render("kuberay", Description.model_validate(values)).values():
        document = yaml.safe_load(text)
        strict_kuberay[document["kind"]].validate(document)


@given(values=descriptions())
@hypothesis_settings(max_examples=60)
def test_every_description_gives_what_ray_up_takes(values: dict[str, Any]) -> None:
    from ray.autoscaler._private.util import prepare_config, validate_config

    for text in render("ray-up", Description.model_validate(values)).values():
        validate_config(prepare_config(yaml.safe_load(text)))


@given(values=descriptions())
@hypothesis_settings(max_examples=15)
def test_every_description_gives_a_script_that_bash_can_read(values: dict[str, Any]) -> None:
    for text in render("slurm", Description.model_validate(values)).values():
        checked = subprocess.run(["bash", "-n"], input=text, text=True, check=False)
        assert checked.returncode == 0


@given(values=descriptions())
@hypothesis_settings(max_examples=60)
def test_every_description_gives_units_of_known_keys(values: dict[str, Any]) -> None:
    for text in render("systemd", Description.model_validate(values)).values():
        lines = [line for line in text.splitlines() if line and not line.startswith(("#", "["))]
        assert all(line.partition("=")[0] in KNOWN_UNIT_KEYS for line in lines)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_finds_nothing_wrong(describe: Describe, tmp_path: Path) -> None:
    units = render("systemd", describe(python=sys.executable))  # which must exist
    for name, text in units.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    command = ["systemd-analyze", "verify", *(str(tmp_path / name) for name in units)]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (found.returncode, found.stderr) == (0, "")


@pytest.mark.parametrize(
    "changes",
    [{}, {"slurm": {"trials_on_first_node": True}}, {"nodes": {"gpus": 0, "gpu_type": None}}],
)
def test_shellcheck_finds_nothing_wrong(
    changes: dict[str, Any], describe: Describe, tmp_path: Path
) -> None:
    (text,) = render("slurm", describe(**changes)).values()
    script = tmp_path / "job.sbatch"
    script.write_text(text, encoding="utf-8")
    assert shellcheck([script]) == set()


def test_what_is_mistyped_in_a_document_is_refused(
    describe: Describe, strict_kuberay: Validators
) -> None:
    documents = [yaml.safe_load(text) for text in render("kuberay", describe()).values()]
    verdicts = [
        (what, strict_kuberay[document["kind"]].is_valid(mutant))
        for document in documents
        for what, mutant in mutations(document)
    ]
    passed = [what for what, is_valid in verdicts if is_valid]
    assert len(verdicts) >= NUM_MUTATIONS
    assert len(passed) <= (1 - MIN_REFUSED_FRAC) * len(verdicts), passed


def test_what_is_mistyped_for_ray_up_is_refused(describe: Describe) -> None:
    import ray.autoscaler

    schema = json.loads(Path(ray.autoscaler.__file__).with_name("ray-schema.json").read_text())
    checker = jsonschema.Draft202012Validator(schema)
    (text,) = render("ray-up", describe()).values()
    mutants = list(mutations(yaml.safe_load(text)))
    passed = [what for what, each in mutants if checker.is_valid(each)]
    assert len(mutants) >= 30
    assert len(passed) <= (1 - MIN_REFUSED_FRAC) * len(mutants), passed


def test_a_script_with_a_damaged_word_is_refused(describe: Describe, tmp_path: Path) -> None:
    """Every variable misspelt where it is set, and every closing word of the shell left out."""
    (text,) = render("slurm", describe()).values()
    scripts = []
    for number, line in enumerate(damaged_lines(text)):
        script = tmp_path / f"{number}.sh"
        script.write_text(line, encoding="utf-8")
        scripts.append(script)
    assert len(scripts) >= 20
    accepted = {script.name for script in scripts} - shellcheck(scripts)
    assert not accepted


def mutations(document: Any) -> Iterator[tuple[str, Any]]:
    """Yield copies in each of which one key is misspelt, or one value is of another type."""
    for keys in list(places(document)):
        if {*keys} & FREE:
            continue
        *parents, last = keys
        for name, damage in (("key", misspell), ("type", retype)):
            mutant = copy.deepcopy(document)
            holder = mutant
            for key in parents:
                holder = holder[key]
            if damage(holder, last):
                yield f"{name} {'.'.join(map(str, keys))}", mutant


def places(value: Any, keys: Keys = ()) -> Iterator[Keys]:
    inner: Sequence[tuple[str | int, Any]] = []
    if isinstance(value, dict):
        inner = list(value.items())
    elif isinstance(value, list):
        inner = list(enumerate(value))
    for key, each in inner:
        yield (*keys, key)
        yield from places(each, (*keys, key))


def misspell(holder: Any, key: str | int) -> bool:
    if not isinstance(key, str):
        return False
    holder[key[:-1] if len(key) > 4 else key + "s"] = holder.pop(key)
    return True


def retype(holder: Any, key: str | int) -> bool:
    holder[key] = ["wrong"] if isinstance(holder[key], str) else "wrong"
    return True


def damaged_lines(text: str) -> Iterator[str]:
    lines = text.splitlines()
    for number, line in enumerate(lines):
        name, equals, _ = line.strip().removeprefix("readonly ").partition("=")
        if line.strip() in ("fi", "done", "}"):
            damaged = ""
        elif equals and name.isidentifier() and "export" not in line:
            damaged = line.replace(f"{name}=", f"{name}x=", 1)
        else:
            continue
        yield "\n".join([*lines[:number], damaged, *lines[number + 1 :]]) + "\n"


def shellcheck(scripts: list[Path]) -> set[str]:
    """Return the names of the scripts in which shellcheck finds anything."""
    program = Path(sys.executable).with_name("shellcheck")
    command = [str(program), "--format=json", *map(str, scripts)]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    return {Path(each["file"]).name for each in json.loads(found.stdout)}
