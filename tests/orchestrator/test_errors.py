import pytest

from orchestrator import errors


@pytest.mark.parametrize(
    ("error", "exit_code"),
    [
        (errors.ConfigError, 2),
        (errors.RunFolderError, 2),
        (errors.JournalError, 2),
        (errors.SweepError, 1),
    ],
)
def test_an_error_knows_its_exit_code(error: type[errors.GanorchError], exit_code: int) -> None:
    assert error("why").exit_code == exit_code


def test_every_error_stands_in_the_drawn_tree() -> None:
    names = [
        name
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, errors.GanorchError)
    ]
    assert errors.__doc__ is not None
    assert all(f"{name} " in errors.__doc__ for name in names)


def test_wrong_usage_and_failed_work_are_told_apart() -> None:
    assert issubclass(errors.ConfigError, errors.UsageError)
    assert not issubclass(errors.SweepError, errors.UsageError)
