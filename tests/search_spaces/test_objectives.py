import pytest

from gan_models.config import LOSS_NAMES, PENALTY_NAMES
from search_spaces import objectives
from search_spaces.domains import Choice
from search_spaces.parameter import Parameter

Game = tuple[Parameter, ...]
_FEW: Game = (*objectives.LOSSES, *objectives.PENALTIES)
_ALL: Game = (*objectives.EVERY_LOSS, *objectives.EVERY_PENALTY)
_OF_A_PENALTY = ("_gamma", "gp_weight", "dragan_std")
every_game = pytest.mark.parametrize("game", [_FEW, _ALL], ids=["few", "all"])


def test_every_loss_and_penalty_of_the_models_can_be_chosen() -> None:
    assert _options(_ALL, "d_loss", "g_loss") == set(LOSS_NAMES)
    assert _options(_ALL, "penalty") == set(PENALTY_NAMES)


@every_game
def test_every_loss_of_d_says_which_losses_of_g_answer_it(game: Game) -> None:
    assert _parents_of(game, "g_loss", "d_loss") == _options(game, "d_loss")


@every_game
def test_every_loss_of_d_says_which_penalties_go_with_it(game: Game) -> None:
    assert _parents_of(game, "penalty", "d_loss") == _options(game, "d_loss")


def test_each_weight_exists_only_with_its_penalty() -> None:
    def conditions(game: Game) -> dict[str, object]:
        return {
            each.name: each.when["penalty"] for each in game if each.name.endswith(_OF_A_PENALTY)
        }

    assert conditions(_FEW) == {"r1_gamma": ("r1",), "gp_weight": ("gradient-penalty",)}
    assert conditions(_ALL) == {
        "r1_gamma": ("r1", "r1+r2"),
        "r2_gamma": ("r2", "r1+r2"),
        "gp_weight": ("gradient-penalty", "dragan"),
        "dragan_std": ("dragan",),
    }


def _options(game: Game, *names: str) -> set[object]:
    domains = [each.domain for each in game if each.name in names]
    return {option for domain in domains if isinstance(domain, Choice) for option in domain.options}


def _parents_of(game: Game, name: str, parent: str) -> set[object]:
    return {value for each in game if each.name == name for value in each.when[parent]}
