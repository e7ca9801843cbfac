import pytest

from gan_models.errors import FactoryError
from orchestrator.spaces import find_space
from search_spaces.catalog import SPACES
from search_spaces.errors import SpaceError
from tests.own_code import OwnCode

SPACE = """
    from search_spaces import Choice, Parameter, SearchSpace

    space = SearchSpace("widths", (Parameter("width", Choice((8, 16))),), doc="two widths")
"""


def test_ours_are_found_by_name() -> None:
    assert find_space("dcgan") is SPACES["dcgan"]


def test_a_package_brings_a_space(own_code: OwnCode) -> None:
    own_code.install("fancy", {"ganorch.spaces": {"w": "fancy_space:space"}}, fancy_space=SPACE)
    assert find_space("w").names == ("width",)
    with pytest.raises(SpaceError, match="^space = 'ww': did you mean 'w'.*dcgan"):
        find_space("ww")


def test_what_is_no_space_is_refused_with_its_package(own_code: OwnCode) -> None:
    own_code.install("fancy", {"ganorch.spaces": {"v": "fancy_v:space"}}, fancy_v="space = {}")
    with pytest.raises(FactoryError, match="^space = 'v' of the package fancy: is of type dict"):
        find_space("v")
