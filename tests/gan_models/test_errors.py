import pytest

import gan_models.errors as errors
from gan_models.errors import GanModelsError, nearest

KINDS = [
    "DataError",
    "ParameterError",
    "FactoryError",
    "CheckpointError",
    "DamageError",
    "MetricError",
    "GpuMemoryError",
]


@pytest.mark.parametrize("name", KINDS)
def test_every_error_is_one_that_the_caller_can_catch_as_a_bad_value(name: str) -> None:
    assert issubclass(getattr(errors, name), GanModelsError)
    assert issubclass(GanModelsError, ValueError)


def test_the_drawn_tree_names_every_error() -> None:
    defined = {
        name
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, GanModelsError)
    }

    assert defined == {"GanModelsError", *KINDS}
    assert errors.__doc__ is not None
    assert all(name in errors.__doc__ for name in defined)


def test_a_slip_of_the_pen_is_answered_with_the_nearest_name() -> None:
    assert nearest("hing", ["wasserstein", "hinge"]) == (
        "did you mean 'hinge'? allowed: hinge, wasserstein"
    )


def test_what_resembles_nothing_is_answered_with_all_names() -> None:
    assert nearest("xyz", ["mlp", "dcgan"]) == "allowed: dcgan, mlp"
