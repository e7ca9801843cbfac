from gan_models.config import PENALTY_NAMES, GanConfig, check_value, parameter_docs
from gan_models.objectives.regularisers import REGULARISERS


def test_every_penalty_is_among_them() -> None:
    assert set(PENALTY_NAMES) - {"none"} < set(REGULARISERS)


def test_each_stands_under_its_own_name_with_formula_and_source() -> None:
    for name, entry in REGULARISERS.items():
        assert entry.name == name
        assert entry.formula
        assert entry.source[:4].isdigit()  # arXiv


def test_what_a_spec_should_write_is_a_setting_that_exists() -> None:
    for entry in REGULARISERS.values():
        names, written = entry.setting.split(": ")
        for name in names.split(", "):
            default = GanConfig().to_params()[name]
            assert name in parameter_docs()
            check_value(name, type(default)(True if written == "true" else written))
