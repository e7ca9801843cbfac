import pytest

from gan_models import plugins
from gan_models.config import NETWORK_NAMES, GanConfig
from gan_models.errors import FactoryError, ParameterError
from gan_models.networks.base import Architecture
from gan_models.networks.registry import find_architecture
from gan_models.objectives.losses import Objective, find_objective
from tests.own_code import LOSS, NETWORKS, OwnCode

GROUP = plugins.NETWORKS


def load(name: str) -> Architecture:
    return plugins.load_brought(GROUP, name, Architecture, "network")


def test_nothing_is_brought_unless_a_package_brings_it() -> None:
    for group in (plugins.NETWORKS, plugins.LOSSES, plugins.DATASETS, plugins.SPACES):
        assert not plugins.plugins(group, ())
        assert not list(plugins.refusals(group, ()))


def test_a_package_brings_a_network_and_a_loss_that_a_configuration_may_name(
    own_code: OwnCode,
) -> None:
    entries = {
        "ganorch.networks": {"tiny": "fancy_gans_a:networks"},
        "ganorch.losses": {"mine": "fancy_gans_a:loss"},
    }
    own_code.install("fancy", entries, fancy_gans_a=NETWORKS + LOSS)

    config = GanConfig(network="tiny", d_loss="mine", g_loss="mine")

    assert find_architecture(config.network).doc == "one layer"
    assert find_objective(config.d_loss, "d_loss").source == "own"
    assert plugins.plugins(GROUP, ())["tiny"].package == "fancy"
    assert plugins.target_of(GROUP, "tiny") == "fancy_gans_a:networks"


def test_a_name_of_ours_stays_ours(own_code: OwnCode) -> None:
    own_code.install("greedy", {GROUP: {"mlp": "greedy_gans:networks"}})

    assert not plugins.plugins(GROUP, NETWORK_NAMES)
    assert find_architecture("mlp").name == "mlp"
    assert list(plugins.refusals(GROUP, NETWORK_NAMES)) == [
        "package greedy: 'mlp' in ganorch.networks is a name of ours: not taken"
    ]


def test_a_name_that_two_packages_give_is_neithers(own_code: OwnCode) -> None:
    for package in ("one", "two"):
        own_code.install(package, {GROUP: {"tiny": f"{package}:networks"}})

    assert not plugins.is_brought(GROUP, "tiny", NETWORK_NAMES)
    assert list(plugins.refusals(GROUP, NETWORK_NAMES)) == [
        f"package {package}: 'tiny' in ganorch.networks is given twice: not taken"
        for package in ("one", "two")
    ]


def test_a_broken_package_is_named_when_it_is_used(own_code: OwnCode) -> None:
    entries = {GROUP: {"broken": "broken_gans:networks", "other": "broken_other:networks"}}
    own_code.install("fancy", entries, broken_gans="1 / 0", broken_other="networks = 3")

    with pytest.raises(
        FactoryError, match="^network = 'broken' of the package fancy: import.*Zero"
    ):
        load("broken")
    with pytest.raises(
        FactoryError,
        match="^network = 'other' of the package fancy: is of type int, must be "
        "gan_models.networks.base.Architecture$",
    ):
        load("other")


def test_a_module_of_ones_own_needs_no_package(own_code: OwnCode) -> None:
    name = own_code.write(NETWORKS, LOSS)

    assert GanConfig(network=f"{name}:networks").network == f"{name}:networks"
    assert load(f"{name}:networks") is find_architecture(f"{name}:networks")
    with pytest.raises(FactoryError, match="is of type Architecture, must be .*losses.Objective$"):
        plugins.load_brought(plugins.LOSSES, f"{name}:networks", Objective, "d_loss")


def test_names_that_nobody_brings_are_refused_with_those_that_are(own_code: OwnCode) -> None:
    own_code.install("fancy", {GROUP: {"tiny": "fancy_gans_b:networks"}})

    with pytest.raises(ParameterError, match="^network = 'tinny': did you mean 'tiny'?.*dcgan"):
        GanConfig(network="tinny")
    with pytest.raises(ParameterError, match="^precision = 'a:b': "):
        GanConfig(precision="a:b")
    with pytest.raises(FactoryError, match="no installed package has it"):
        load("tinny")
