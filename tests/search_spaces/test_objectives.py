from gan_models.config import LOSS_NAMES, PENALTY_NAMES
from search_spaces import objectives
from search_spaces.domains import Choice
from search_spaces.parameter import Parameter


def test_every_loss_and_penalty_of_the_models_can_be_chosen() -> None:
    assert _options("d_loss", "g_loss") == set(LOSS_NAMES)
    assert _options("penalty") == set(PENALTY_NAMES)


def test_every_loss_of_d_says_which_losses_of_g_answer_it() -> None:
    assert _parents_of("g_loss", "d_loss") == _options("d_loss")


def test_every_loss_of_d_says_which_penalties_go_with_it() -> None:
    assert _parents_of("penalty", "d_loss") == _options("d_loss")


def test_each_weight_exists_only_with_its_penalty() -> None:
    weights = {each.name: each.when for each in _ALL if each.name in ("r1_gamma", "gp_weight")}
    assert weights == {
        "r1_gamma": {"penalty": ("r1",)},
        "gp_weight": {"penalty": ("gradient-penalty",)},
    }


_ALL: tuple[Parameter, ...] = (*objectives.LOSSES, *objectives.PENALTIES)


def _options(*names: str) -> set[object]:
    domains = [each.domain for each in _ALL if each.name in names]
    return {option for domain in domains if isinstance(domain, Choice) for option in domain.options}


def _parents_of(name: str, parent: str) -> set[object]:
    return {value for each in _ALL if each.name == name for value in each.when[parent]}
