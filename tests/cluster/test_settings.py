from pathlib import Path

import pytest

from cluster.errors import ClusterError
from cluster.settings import (
    HEALTH,
    head_environment,
    head_settings,
    node_environment,
    node_settings,
)


def test_a_silent_node_is_given_up_within_ten_seconds() -> None:
    value = {setting.name: int(setting.value) for setting in HEALTH}
    period, timeout = value["RAY_health_check_period_ms"], value["RAY_health_check_timeout_ms"]
    silence_ms = value["RAY_health_check_failure_threshold"] * (period + timeout)
    assert silence_ms <= 10_000
    assert timeout >= 2000, "a loaded node answers late and is alive"


def test_every_node_demands_a_token_and_tells_nobody_anything() -> None:
    for environment in (node_environment(), head_environment()):
        assert environment["RAY_AUTH_MODE"] == "token"
        assert environment["RAY_USAGE_STATS_ENABLED"] == "0"
        assert int(environment["RAY_memory_monitor_refresh_ms"]) > 0
        assert environment["RAY_enable_metrics_collection"] == "0"


def test_the_token_goes_by_file_where_one_is_named(tmp_path: Path) -> None:
    assert "RAY_AUTH_TOKEN_PATH" not in node_environment()
    assert node_environment(token_file=tmp_path)["RAY_AUTH_TOKEN_PATH"] == str(tmp_path)
    assert head_environment(token_file=tmp_path)["RAY_AUTH_TOKEN_PATH"] == str(tmp_path)
    assert "RAY_AUTH_TOKEN" not in head_environment(token_file=tmp_path)


def test_only_the_head_watches_and_keeps_state() -> None:
    extra = head_environment(storage="/state").keys() - node_environment().keys()
    assert {setting.name for setting in HEALTH} < extra
    assert {"RAY_gcs_storage", "RAY_gcs_storage_path"} < extra


@pytest.mark.parametrize(
    ("storage", "expected"),
    [
        (None, {}),
        ("/state/gcs", {"RAY_gcs_storage": "rocksdb", "RAY_gcs_storage_path": "/state/gcs"}),
        ("redis://db:6379", {"RAY_REDIS_ADDRESS": "db:6379"}),
        ("rediss://db:6379", {"RAY_REDIS_ADDRESS": "rediss://db:6379"}),
    ],
)
def test_the_state_of_the_cluster_is_kept_where_asked(
    storage: str | None, expected: dict[str, str]
) -> None:
    bare, kept = head_environment(), head_environment(storage=storage)
    assert {name: value for name, value in kept.items() if name not in bare} == expected


def test_a_password_is_refused_and_not_told() -> None:
    with pytest.raises(ClusterError, match="^storage: a Redis that asks for a pass") as refused:
        head_environment(storage="redis://:hunter2@db:6379")
    assert "hunter2" not in str(refused.value)


def test_every_setting_says_why_and_none_twice() -> None:
    settings = head_settings(token_file="t", storage="/s")
    assert all(setting.why for setting in settings)
    assert len({setting.name for setting in settings}) == len(settings)
    assert set(node_settings(token_file="t")) < set(settings)
