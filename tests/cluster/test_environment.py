import os

import pytest

from cluster.environment import environment


def test_variables_are_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANORCH_OLD", "old")
    monkeypatch.delenv("GANORCH_NEW", raising=False)
    with environment({"GANORCH_OLD": "other", "GANORCH_NEW": "new"}):
        assert (os.environ["GANORCH_OLD"], os.environ["GANORCH_NEW"]) == ("other", "new")
    assert os.environ["GANORCH_OLD"] == "old"
    assert "GANORCH_NEW" not in os.environ


def test_variables_are_put_back_after_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GANORCH_NEW", raising=False)
    with pytest.raises(KeyError, match="spoilt"), environment({"GANORCH_NEW": "new"}):
        raise KeyError("spoilt")
    assert "GANORCH_NEW" not in os.environ


def test_a_variable_that_somebody_removed_meanwhile_is_no_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("GANORCH_NEW", raising=False)
    with environment({"GANORCH_NEW": "new"}):
        del os.environ["GANORCH_NEW"]
    assert "GANORCH_NEW" not in os.environ
