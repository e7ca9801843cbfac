import sys
from pathlib import Path

import pytest

from gan_models.errors import FactoryError, ParameterError
from gan_models.factories import (
    blamed_on,
    check_sources,
    holds_module,
    is_factory,
    load_object,
    look_in,
    source_hash,
    top_module,
)
from tests.own_code import OwnCode


@pytest.mark.parametrize("name", ["m:f", "my_gan:networks", "a.b_2.c:D"])
def test_a_module_and_a_name_are_a_factory(name: str) -> None:
    assert is_factory(name)
    assert top_module(name) == name.split(":")[0].split(".")[0]


@pytest.mark.parametrize("name", ["dcgan", "m:", ":f", "m:f:g", "m: f", "/a/m:f", "m:f.g", 3, None])
def test_nothing_else_is(name: object) -> None:
    assert not is_factory(name)


def test_an_object_of_a_module_in_a_folder_is_found(own_code: OwnCode) -> None:
    name = own_code.write("answer = 42")
    assert load_object(f"{name}:answer", "place") == 42


def test_installed_modules_are_found_first_and_hide_none_in_silence(own_code: OwnCode) -> None:
    own_code.write("answer = 42", name="colorsys")
    with pytest.raises(FactoryError, match=r"^here: 'colorsys' in .* is hidden by .*: rename it$"):
        load_object("colorsys:answer", "here")
    own_code.write("", name="own_hidden")
    assert "own_hidden" not in sys.modules


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (
            "import re\n\nanswers = 42",
            r"\.py has no 'answer': did you mean 'answers'\? allowed: answers$",
        ),
        ("answers = 42", r"\.py has no 'answer': did you mean 'answers'\?"),
        (
            "import nowhere_to_be_found",
            "ModuleNotFoundError: No module named 'nowhere_to_be_found'",
        ),
        ("\n\nanswer = 1 / 0", r"ZeroDivisionError: division by zero \(own_\d+\.py, line 3\)$"),
        ("answer = (", "SyntaxError"),
        ("raise SystemExit(3)", "importing own_.* fails: SystemExit: 3"),
    ],
)
def test_what_is_wrong_with_a_module_is_said(own_code: OwnCode, source: str, message: str) -> None:
    name = own_code.write(source)
    with pytest.raises(FactoryError, match=message) as error:
        load_object(f"{name}:answer", f"network = '{name}:answer'")
    assert str(error.value).startswith(f"network = '{name}:answer': ")


def test_a_missing_module_is_said_to_be_in_none_of_the_folders(own_code: OwnCode) -> None:
    with pytest.raises(FactoryError) as error:
        load_object("own_nowhere.inner:x", "d_loss = 'own_nowhere.inner:x'")
    assert str(error.value) == (
        "d_loss = 'own_nowhere.inner:x': module 'own_nowhere' is not installed nor in "
        f"{own_code.folder}"
    )


def test_errors_of_ours_pass_by_which_a_builder_may_refuse() -> None:
    with pytest.raises(ParameterError, match="^width = 3: odd$"), blamed_on("place", "fails"):
        raise ParameterError("width = 3: odd")


def test_a_folder_is_looked_in_once(own_code: OwnCode) -> None:
    look_in([own_code.folder, str(own_code.folder)])
    assert sys.path.count(str(own_code.folder)) == 1


def test_a_folder_holds_files_and_folders_of_files(own_code: OwnCode) -> None:
    (own_code.folder / "runs").mkdir()
    package = own_code.folder / "package"
    package.mkdir()
    (package / "a.py").touch()
    name = own_code.write("")
    assert [holds_module(own_code.folder, each) for each in (name, "package", "runs", "none")] == [
        True,
        True,
        False,
        False,
    ]


def test_the_hash_is_of_the_source_of_the_whole_package(own_code: OwnCode) -> None:
    name = own_code.write("answer = 42")
    package = own_code.folder / "own_package"
    package.mkdir()
    for file in ("__init__.py", "inner.py"):
        (package / file).write_text("x = 1")
    before = {each: source_hash(each) for each in (name, "own_package")}
    assert len(set(before.values())) == 2
    check_sources(before)

    (package / "inner.py").write_text("x = 2")
    assert source_hash(name) == before[name]
    with pytest.raises(FactoryError, match="module 'own_package' .* has changed since the sweep"):
        check_sources(before)


def test_a_module_that_is_gone_has_no_hash(own_code: OwnCode) -> None:
    name = own_code.write("answer = 42")
    before = {name: source_hash(name)}
    Path(own_code.folder / f"{name}.py").unlink()
    with pytest.raises(FactoryError, match=f"module '{name}' is not installed nor in"):
        check_sources(before)


def test_hashing_imports_nothing(own_code: OwnCode) -> None:
    name = own_code.write("raise RuntimeError")
    assert source_hash(name)
    assert name not in sys.modules
