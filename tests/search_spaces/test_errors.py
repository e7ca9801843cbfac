from search_spaces.errors import nearest


def test_the_nearest_name_comes_first() -> None:
    assert nearest("d_lrr", ["g_loss", "d_lr"]) == "did you mean 'd_lr'? allowed: g_loss, d_lr"


def test_a_name_unlike_all_gets_no_guess() -> None:
    assert nearest("zzz", ["d_lr"]) == "allowed: d_lr"
