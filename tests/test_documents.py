"""What the documents promise is there: links, commands, specs, examples in docstrings, changes."""

import doctest
import random
import re
import shlex
import shutil
import tomllib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from tests.own_code import OwnCode

NOT_OURS = {"runs", "build", "dist"}  # beside every folder whose name begins with a dot
FENCE = re.compile(r"^ *```(\w*)[^\n]*\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(<?([^)\s>]+)|\b(?:src|href)=\"([^\"]+)\"")
DECISION_PARTS = ["## Context", "## Decision", "## Consequence"]

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = sorted(
    file
    for file in ROOT.rglob("*.md")
    if not any(
        part.startswith(".") or part in NOT_OURS for part in file.relative_to(ROOT).parts[:-1]
    )
)
SHORTER = ["--set", "budget.kimg_per_trial=0.2", "--set", "evaluation.every_kimg=0.1", "--quiet"]
EXAMPLES = sorted((ROOT / "examples").glob("*.yaml"))


def test_relative_links_lead_somewhere() -> None:
    dead = [
        f"{document.relative_to(ROOT)}: {target}"
        for document in DOCUMENTS
        for target in relative_links(document.read_text(encoding="utf-8"))
        if not (document.parent / target).exists()
    ]
    assert not dead, dead


def test_shown_commands_are_commands() -> None:
    group = command_line()
    wrong = [
        f"{document.relative_to(ROOT)}: {line}: {problem}"
        for document in DOCUMENTS
        for line in shown_commands(document.read_text(encoding="utf-8"))
        if (problem := usage_problem(group, shlex.split(line, comments=True)[1:]))
    ]
    assert not wrong, wrong


def test_named_commands_are_commands() -> None:
    known = set(command_line().list_commands(click.Context(command_line())))
    unknown = [
        f"{document.relative_to(ROOT)}: ganorch {name}"
        for document in DOCUMENTS
        for name in re.findall(r"`ganorch ([a-z]+)", document.read_text(encoding="utf-8"))
        if name not in known
    ]
    assert not unknown, unknown


def test_shown_specs_are_valid(tmp_path: Path) -> None:
    from orchestrator.config.load import load_config

    for document in DOCUMENTS:
        for text in shown_specs(document.read_text(encoding="utf-8")):
            spec = tmp_path / "spec.yaml"
            spec.write_text(text, encoding="utf-8")
            load_config(spec, overrides=())


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_example_specs_are_valid_and_pin_what_their_space_can_take(example: Path) -> None:
    from orchestrator.config.load import load_config
    from orchestrator.preflight import resolve_space

    space = resolve_space(load_config(example, overrides=()))
    space.validate(space.sample(random.Random(0)))


def test_the_guide_to_own_networks_can_be_followed_from_an_empty_folder(
    tmp_path: Path, own_code: OwnCode, monkeypatch: pytest.MonkeyPatch
) -> None:
    from orchestrator.cli.app import main

    folder = tmp_path / "empty"
    shutil.copytree(ROOT / "examples/own_networks", folder, ignore=shutil.ignore_patterns("__*"))
    monkeypatch.chdir(folder)
    guide = (ROOT / "docs/own_networks.md").read_text(encoding="utf-8")
    for line in shown_commands(guide):
        shorter = SHORTER if line.startswith("ganorch run") else []
        assert main([*shlex.split(line)[1:], *shorter]) == 0, line
    assert {"again.png", "fakes.png", "model", "runs"} <= {each.name for each in folder.iterdir()}
    spec = (folder / "spec.yaml").read_text(encoding="utf-8")
    assert all(spec.startswith(shown) for shown in shown_specs(guide))


def test_examples_in_docstrings_are_true(repository: Path, source_files: list[Path]) -> None:
    with_examples = [file for file in source_files if ">>>" in file.read_text(encoding="utf-8")]
    assert with_examples
    for file in with_examples:
        path = file.relative_to(repository).with_suffix("")
        result = doctest.testmod(import_module(".".join(path.parts).removesuffix(".__init__")))
        assert result.attempted
        assert not result.failed


def test_documents_that_code_names_exist() -> None:
    named = {
        name
        for package in ("gan_models", "orchestrator", "cluster", "search_spaces", "benchmarks")
        for file in (ROOT / package).rglob("*.py")
        for name in re.findall(r"(?:docs|benchmarks)/[\w/.-]+\.md", file.read_text("utf-8"))
    }
    assert named
    assert not [name for name in named if not (ROOT / name).is_file()]


def test_every_dependency_says_what_it_is_for() -> None:
    """Both ways: nothing without a reason, and no reason for what has gone."""
    text = (ROOT / "docs/decisions/dependencies.md").read_text(encoding="utf-8")
    explained = re.findall(r"^- `([^`]+)`: \S", text, re.MULTILINE)
    extras = project()["optional-dependencies"].values()
    required = [*project()["dependencies"], *(each for extra in extras for each in extra)]
    assert sorted(explained) == sorted({re.split(r"[<>=!~;\[ ]", name)[0] for name in required})


def test_every_dependency_is_pinned_within_its_range() -> None:
    from packaging.requirements import Requirement

    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = dict(line.lower().split("==") for line in lines if not line.startswith("#"))
    for text in [*project()["dependencies"], *project()["optional-dependencies"]["dev"]]:
        requirement = Requirement(text)
        assert requirement.specifier.contains(pins[requirement.name.lower()]), text


def test_decisions_are_numbered_and_complete() -> None:
    decisions = sorted((ROOT / "docs/decisions").glob("[0-9]*.md"))
    assert [file.name[:5] for file in decisions] == [
        f"{number:04d}-" for number in range(1, len(decisions) + 1)
    ]
    for file in decisions:
        text = file.read_text(encoding="utf-8")
        assert re.findall("^## .*", text, re.MULTILINE) == DECISION_PARTS, file.name


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("ganorch run spec.yaml --out runs/a", ""),
        ("ganorch list spaces", ""),
        ("ganorch --help", ""),
        ("ganorch run --help", ""),
        ("ganorch run", "missing"),
        ("ganorch run spec.yaml --outt runs/a", "--outt"),
        ("ganorch rum spec.yaml", "rum"),
        ("ganorch list species", "species"),
        ("ganorch run spec.yaml surplus", "surplus"),
    ],
)
def test_a_wrong_command_is_recognised(line: str, problem: str) -> None:
    spec = click.Argument(["spec"], type=click.Path(exists=True))
    run = click.Command("run", params=[spec, click.Option(["--out"])])
    listing = click.Group("list", commands=[click.Command("spaces")])
    found = usage_problem(click.Group(commands=[run, listing]), shlex.split(line)[1:])
    assert bool(found) == bool(problem)
    assert problem in found


def test_links_in_code_and_to_other_sites_are_left_out() -> None:
    text = '[a](docs/a.md#part) `[b](b)` [c](https://c.org) [d](#here) <img src="e.png">\n'
    assert list(relative_links(text + "```\n[f](f)\n```\n")) == ["docs/a.md", "e.png"]


def test_commands_are_found_in_shell_blocks() -> None:
    text = (
        "```bash\n$ ganorch run a.yaml \\\n    --out b  # why\nls\nganorch list spaces | head\n```"
    )
    assert list(shown_commands(text)) == ["ganorch run a.yaml --out b", "ganorch list spaces"]


def project() -> dict[str, Any]:
    content = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return dict(content["project"])


def relative_links(text: str) -> Iterator[str]:
    prose = re.sub(r"`[^`\n]*`", "", FENCE.sub("", text))
    for match in LINK.finditer(prose):
        target = (match[1] or match[2]).partition("#")[0]
        if target and not re.match(r"[a-z]+:", target):
            yield target


def blocks(text: str, languages: set[str]) -> Iterator[str]:
    return (match[2] for match in FENCE.finditer(text) if match[1] in languages)


def shown_commands(text: str) -> Iterator[str]:
    """Yield what follows the prompt on each line that calls ganorch, without pipes and comments."""
    for block in blocks(text, {"bash", "sh", "console"}):
        for line in re.sub(r"\\\n\s*", "", block).splitlines():
            command = re.split(r" (?:[|;>#]|&&)", line.strip().removeprefix("$ "))[0].strip()
            if command.startswith("ganorch "):
                yield command


def shown_specs(text: str) -> Iterator[str]:
    for block in blocks(text, {"yaml"}):
        content = yaml.safe_load(block)
        if isinstance(content, dict) and {"data", "space"} <= content.keys():
            yield block


def command_line() -> click.Group:
    app = import_module("orchestrator.cli.app")
    return next(value for value in vars(app).values() if isinstance(value, click.Group))


def usage_problem(group: click.Group, words: list[str]) -> str:
    """Say what is wrong with a command line, or nothing; files that it names need not exist."""
    context = click.Context(group, info_name="ganorch")
    command: click.Command = group
    asks_for_help = "--help" in words
    try:
        values, words, _ = command.make_parser(context).parse_args(words)
        while words and isinstance(command, click.Group):
            name, found, words = command.resolve_command(context, words)
            assert found is not None
            command, context = found, click.Context(found, parent=context, info_name=name)
            values, words, _ = command.make_parser(context).parse_args(words)
    except click.UsageError as error:
        return error.format_message()
    if words:
        return f"surplus arguments: {words}"
    given = {name for name, value in values.items() if isinstance(value, str | tuple | list)}
    missing = [param.name for param in command.params if param.required and param.name not in given]
    return f"missing: {missing}" if missing and not asks_for_help else ""
