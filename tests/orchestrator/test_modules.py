import pytest

from gan_models.factories import source_hash
from orchestrator.errors import ConfigError
from orchestrator.modules import check_modules, record_modules
from orchestrator.preflight import resolve_space
from tests.orchestrator.scripted import make_config
from tests.own_code import DATA, LOSS, NETWORKS, OwnCode


def test_a_sweep_of_ours_records_nothing() -> None:
    config = make_config()
    assert record_modules(config, resolve_space(config)) == config
    check_modules(config)


def test_every_module_that_may_be_used_is_recorded_with_a_hash(own_code: OwnCode) -> None:
    networks, loss, data = (own_code.write(each) for each in (NETWORKS, LOSS, DATA))
    own_code.install("fancy", {"ganorch.losses": {"mine": "fancy_gans_m:loss"}}, fancy_gans_m=LOSS)
    config = make_config(
        data={"factory": f"{data}:load"},
        space={"d_loss": {"choice": ["hinge", f"{loss}:loss", "mine"]}},
        fixed={"network": f"{networks}:networks"},
    )

    recorded = record_modules(config, resolve_space(config))

    names = sorted([networks, loss, data, "fancy_gans_m"])
    assert recorded.modules.sha256 == {name: source_hash(name) for name in names}
    check_modules(recorded)


def test_a_module_that_has_changed_is_refused(own_code: OwnCode) -> None:
    name = own_code.write(DATA)
    config = make_config(data={"factory": f"{name}:load"})
    recorded = record_modules(config, resolve_space(config))

    own_code.write(DATA, change=("240", "250"), name=name)

    with pytest.raises(ConfigError, match=f"^module '{name}' .* has changed since .*begin another"):
        check_modules(recorded)
