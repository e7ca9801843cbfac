"""Structure is tested like code: arrows between packages, sizes, names, and what is never done."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest

MAX_FILE_LINES, MEDIAN_FILE_LINES = 400, 150
MAX_FUNCTION_LINES, MEDIAN_FUNCTION_LINES = 60, 10
MAX_POSITIONAL = 5
MIN_TESTED_FRAC = 0.9
VAGUE_NOUNS = {"util", "utils", "helper", "helpers", "manager", "managers", "handler", "handlers"}

BANNED_IMPORTS = {"pickle", "cloudpickle", "dill", "shelve", "marshal"}
BANNED_CALLS = {
    "torch.save": "writes pickle: use safetensors",
    "yaml.load": "builds any object: use yaml.safe_load",
    "yaml.full_load": "builds objects: use yaml.safe_load",
    "yaml.unsafe_load": "builds any object: use yaml.safe_load",
    "os.system": "goes through a shell: use subprocess.run with a list",
    "os.popen": "goes through a shell: use subprocess.run with a list",
    "eval": "runs text as code",
    "exec": "runs text as code",
}
BANNED_KEYWORDS = {"allow_pickle", "shell"}  # when True

Function = ast.FunctionDef | ast.AsyncFunctionDef


def test_import_contracts_hold(repository: Path) -> None:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-logo"]
    result = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    assert " 0 broken" in result.stdout


def test_search_spaces_need_only_the_standard_library(repository: Path) -> None:
    allowed = sys.stdlib_module_names | {"search_spaces"}
    foreign = [
        f"{file.relative_to(repository)} imports {module}"
        for file in (repository / "search_spaces").rglob("*.py")
        for module in imported_modules(parse(file))
        if module.split(".")[0] not in allowed
    ]
    assert not foreign, foreign


def test_files_are_short(repository: Path, source_files: list[Path]) -> None:
    lines = {str(file.relative_to(repository)): num_lines(file) for file in source_files}
    too_long = {name: length for name, length in lines.items() if length > MAX_FILE_LINES}
    assert not too_long, f"more than {MAX_FILE_LINES} lines: {too_long}"
    assert median(lines.values()) <= MEDIAN_FILE_LINES


def test_functions_are_short(repository: Path, source_files: list[Path]) -> None:
    lengths = {
        f"{file.relative_to(repository)}:{function.lineno} {function.name}": body_lines(function)
        for file in source_files
        for function in functions(parse(file))
    }
    too_long = {name: length for name, length in lengths.items() if length > MAX_FUNCTION_LINES}
    assert not too_long, f"more than {MAX_FUNCTION_LINES} lines: {too_long}"
    assert median(lengths.values()) <= MEDIAN_FUNCTION_LINES


def test_functions_take_few_positional_arguments(
    repository: Path, source_files: list[Path]
) -> None:
    too_many = [
        f"{file.relative_to(repository)}:{function.lineno} {function.name}"
        for file in source_files
        for function in functions(parse(file))
        if num_positional(function) > MAX_POSITIONAL
    ]
    assert not too_many, f"more than {MAX_POSITIONAL}, make the rest keyword-only: {too_many}"


def test_names_say_what_a_thing_is(repository: Path, source_files: list[Path]) -> None:
    vague = [
        f"{file.relative_to(repository)} {name}"
        for file in source_files
        for name in [file.stem, file.parent.name, *class_names(parse(file))]
        if is_vague(name)
    ]
    assert not vague, vague


def test_modules_have_a_test_file_of_the_same_name(
    repository: Path, source_files: list[Path]
) -> None:
    modules = [file.relative_to(repository) for file in source_files if file.stem[:2] != "__"]
    untested = [
        str(module)
        for module in modules
        if not (repository / "tests" / module.with_name(f"test_{module.name}")).exists()
    ]
    tested_frac = 1 - len(untested) / len(modules)
    assert tested_frac >= MIN_TESTED_FRAC, f"{tested_frac:.0%} tested; no test file for {untested}"


def test_nothing_reads_or_writes_pickle_or_runs_text(
    repository: Path, source_files: list[Path]
) -> None:
    found = [
        f"{file.relative_to(repository)}:{line}: {problem}"
        for file in source_files
        for line, problem in unsafe_uses(parse(file))
    ]
    assert not found, found


@pytest.mark.parametrize(
    "code",
    [
        "import pickle",
        "from cloudpickle import dumps",
        "import torch\ntorch.load(path)",
        "import torch\ntorch.load(path, weights_only=False)",
        "from torch import load as read\nread(path)",
        "import torch\ntorch.save(state, path)",
        "import numpy as np\nnp.load(path, allow_pickle=True)",
        "import yaml\nyaml.load(text, yaml.Loader)",
        "import subprocess\nsubprocess.run(command, shell=True)",
        "eval(text)",
    ],
)
def test_unsafe_code_is_recognised(code: str) -> None:
    assert list(unsafe_uses(ast.parse(code)))


@pytest.mark.parametrize(
    "code",
    [
        "import torch\ntorch.load(path, weights_only=True)",
        "import numpy as np\nnp.load(path, allow_pickle=False)",
        "import yaml\nyaml.safe_load(text)",
        "network.eval()",
    ],
)
def test_safe_code_is_left_alone(code: str) -> None:
    assert not list(unsafe_uses(ast.parse(code)))


@pytest.mark.parametrize("name", ["utils", "io_helpers", "TrialManager", "EventHandler"])
def test_a_vague_name_is_recognised(name: str) -> None:
    assert is_vague(name)
    assert not is_vague("utilisation")


def test_a_docstring_does_not_lengthen_a_function() -> None:
    bare, documented = functions(
        ast.parse(
            'def f():\n    return 1\n\ndef g():\n    """One.\n\n    Two.\n    """\n    return 1'
        )
    )
    assert body_lines(bare) == body_lines(documented) == 2


def parse(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"), filename=str(file))


def num_lines(file: Path) -> int:
    return len(file.read_text(encoding="utf-8").splitlines())


def functions(tree: ast.AST) -> Iterator[Function]:
    return (node for node in ast.walk(tree) if isinstance(node, Function))


def class_names(tree: ast.AST) -> Iterator[str]:
    return (node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef))


def body_lines(function: Function) -> int:
    """Count the lines from ``def`` to the end, the docstring left out."""
    docstring = function.body[0] if ast.get_docstring(function) is not None else None
    return span(function) - (span(docstring) if docstring else 0)


def span(node: ast.stmt) -> int:
    assert node.end_lineno is not None
    return node.end_lineno - node.lineno + 1


def num_positional(function: Function) -> int:
    names = [arg.arg for arg in (*function.args.posonlyargs, *function.args.args)]
    return len([name for name in names if name not in ("self", "cls")])


def is_vague(name: str) -> bool:
    words = re.findall("[A-Z]?[a-z]+", name)
    return any(word.lower() in VAGUE_NOUNS for word in words)


def imported_modules(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def unsafe_uses(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield line and reason of everything that could run what it was only meant to read."""
    origins = import_origins(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            banned = sorted(
                BANNED_IMPORTS & {name.split(".")[0] for name in imported_modules(node)}
            )
            yield from ((node.lineno, f"imports {name}") for name in banned)
        elif isinstance(node, ast.Call):
            yield from ((node.lineno, problem) for problem in problems_of_call(node, origins))


def import_origins(tree: ast.AST) -> dict[str, str]:
    """Map every imported name to where it comes from: ``{"np": "numpy"}``."""
    origins: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            origins |= {alias.asname: alias.name for alias in node.names if alias.asname}
        elif isinstance(node, ast.ImportFrom):
            origins |= {a.asname or a.name: f"{node.module}.{a.name}" for a in node.names}
    return origins


def problems_of_call(call: ast.Call, origins: dict[str, str]) -> Iterator[str]:
    name, dot, rest = ast.unparse(call.func).partition(".")
    full_name = origins.get(name, name) + dot + rest
    keywords = {keyword.arg: keyword.value for keyword in call.keywords}
    true = {name for name, value in keywords.items() if ast.unparse(value) == "True"}
    if full_name in BANNED_CALLS:
        yield f"{full_name} {BANNED_CALLS[full_name]}"
    if full_name == "torch.load" and "weights_only" not in true:
        yield "torch.load without weights_only=True"
    yield from (f"{full_name}({name}=True)" for name in sorted(BANNED_KEYWORDS & true - {None}))
