import pytest

from cluster.errors import ClusterError
from cluster.runtime_env import checked_env_vars, checked_runtime_env


def test_our_variables_pass_as_they_are() -> None:
    variables = {"GANORCH_CACHE": "/c", "TUNE_FUNCTION_THREAD_TIMEOUT_S": "120"}
    assert checked_runtime_env({"env_vars": variables}) == {"env_vars": variables}
    assert checked_runtime_env({}) == {"env_vars": {}}


@pytest.mark.parametrize(
    "key",
    ["pip", "uv", "conda", "working_dir", "py_modules", "py_executable", "image_uri", "container"]
    + ["worker_process_setup_hook", "nsight", "config", "anything_new"],
)
def test_what_could_run_code_is_refused_by_its_key(key: str) -> None:
    with pytest.raises(ClusterError, match=rf"^runtime_env\.{key}: not allowed, .*only env_vars;"):
        checked_runtime_env({"env_vars": {}, key: "value"})


@pytest.mark.parametrize(
    "name", ["LD_PRELOAD", "PYTHONPATH", "PATH", "XGANORCH_A", "RAY_AUTH_MODE"]
)
def test_a_variable_that_is_not_ours_is_refused(name: str) -> None:
    with pytest.raises(ClusterError, match=rf"^runtime_env\.env_vars\.{name}: not allowed: only G"):
        checked_env_vars({name: "value"})


@pytest.mark.parametrize("name", ["GANORCH_TOKEN", "RAY_AUTH_TOKEN", "GANORCH_Db_Password"])
def test_a_secret_is_refused_without_telling_it(name: str) -> None:
    with pytest.raises(ClusterError, match=f"{name}: looks like a secret") as refused:
        checked_env_vars({name: "hunter2"})
    assert "hunter2" not in str(refused.value)


def test_a_value_is_text() -> None:
    with pytest.raises(ClusterError, match="GANORCH_N: must be text"):
        checked_env_vars({"GANORCH_N": 1})  # type: ignore[dict-item]
