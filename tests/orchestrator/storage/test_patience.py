from collections.abc import Callable

import pytest

from orchestrator.errors import StoreError, UsageError
from orchestrator.storage.patience import Patience, default_patience, in_words, is_refusal


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def sleep(self, seconds: float) -> None:
        self.now_s += seconds

    def patience(self, limit_s: float) -> Patience:
        return Patience(limit_s, clock=lambda: self.now_s, sleep=self.sleep)


def failing(num_times: int, error: OSError) -> Callable[[], str]:
    left = iter([error] * num_times)

    def operation() -> str:
        for each in left:
            raise each
        return "done"

    return operation


def test_what_works_at_last_is_returned() -> None:
    clock = Clock()
    assert clock.patience(60).insist(failing(5, OSError("no answer")), on="store") == "done"
    assert 0 < clock.now_s < 60


def test_waits_grow_and_end_with_the_time() -> None:
    clock = Clock()
    with pytest.raises(StoreError, match=r"s3://b/run: no answer \(tried for 60 s\)"):
        clock.patience(60).insist(failing(10**6, OSError("no answer")), on="s3://b/run")
    assert 40 < clock.now_s <= 60


def test_after_giving_up_each_operation_is_tried_once_until_one_succeeds() -> None:
    clock = Clock()
    patience = clock.patience(60)
    with pytest.raises(StoreError):
        patience.insist(failing(10**6, OSError()), on="store")
    before_s = clock.now_s
    with pytest.raises(StoreError):
        patience.insist(failing(1, OSError()), on="store")
    assert clock.now_s == before_s
    patience.insist(failing(0, OSError()), on="store")
    assert patience.insist(failing(3, OSError()), on="store") == "done"


def test_a_missing_file_is_not_waited_for() -> None:
    with pytest.raises(FileNotFoundError):
        Clock().patience(60).insist(failing(1, FileNotFoundError()), on="store")


@pytest.mark.parametrize("text", ["soon", "-1", "inf", "nan"])
def test_an_impossible_patience_is_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANORCH_STORE_PATIENCE_S", text)
    with pytest.raises(UsageError, match=f"GANORCH_STORE_PATIENCE_S = '{text}'"):
        default_patience()


def test_a_store_is_quoted_by_its_code_alone() -> None:
    told = "When completing upload: AWS Error ACCESS_DENIED during PutObject: key AKIA... is wrong"
    assert in_words(OSError(told)) == "access denied"
    assert is_refusal(OSError(told))
    assert not is_refusal(OSError("AWS Error NETWORK_CONNECTION during PutObject"))
