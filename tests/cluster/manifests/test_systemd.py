from collections.abc import Callable

import pytest

from cluster.errors import ClusterError
from cluster.manifests.description import Description
from cluster.manifests.systemd import systemd_units

Describe = Callable[..., Description]
SOCKET_PATH_LIMIT = 107
OWN_PART = "/session_2026-11-22_17-13-53_392009_2350400/sockets/plasma_store"


def lines(unit: str) -> list[str]:
    return unit.splitlines()


def test_a_head_that_dies_comes_back_with_what_it_knew(describe: Describe) -> None:
    head = lines(systemd_units(describe())["digits-head.service"])
    assert "Restart=always" in head
    assert "StartLimitIntervalSec=0" in head, "never given up"
    assert "Environment=RAY_gcs_storage=rocksdb" in head
    assert "Environment=RAY_gcs_storage_path=/var/lib/ganorch-digits/gcs" in head
    assert "StateDirectory=ganorch-digits/gcs" in head
    (start,) = [line for line in head if line.startswith("ExecStart=")]
    assert "--num-cpus=0 --num-gpus=0" in start
    assert "--dashboard-host=127.0.0.1" in start


def test_a_node_joins_the_head_with_what_it_has(describe: Describe) -> None:
    (start,) = [
        line
        for line in lines(systemd_units(describe())["digits-worker.service"])
        if line.startswith("ExecStart=")
    ]
    assert "--address=10.0.0.5:6379 --num-cpus=8 --num-gpus=1" in start


def test_a_node_is_given_time_to_let_its_trials_reach_a_checkpoint(describe: Describe) -> None:
    worker = lines(systemd_units(describe(nodes={"grace_s": 300}))["digits-worker.service"])
    assert "Environment=RAY_GRACEFUL_SHUTDOWN_DRAIN_TIMEOUT_S=285" in worker
    assert "TimeoutStopSec=330" in worker


def test_a_sweep_goes_on_after_a_failure_but_not_after_a_wrong_spec(describe: Describe) -> None:
    sweep = lines(systemd_units(describe())["digits-sweep.service"])
    assert {"Restart=on-failure", "RestartPreventExitStatus=2"} <= {*sweep}
    (start,) = [line for line in sweep if line.startswith("ExecStart=")]
    assert start.endswith("--or-resume --out /mnt/runs/digits --address 10.0.0.5:6379")


def test_every_unit_keeps_the_token_to_itself(describe: Describe) -> None:
    for unit in systemd_units(describe()).values():
        assert "LoadCredential=token:/etc/ganorch/token" in lines(unit)
        assert "Environment=RAY_AUTH_TOKEN_PATH=%d/token" in lines(unit)
        assert {"UMask=0077", "ProtectSystem=strict", "User=ganorch"} <= {*lines(unit)}


def test_rays_sockets_fit_even_below_the_longest_name(describe: Describe) -> None:
    name = "a" * 26
    head = systemd_units(describe(name=name))[f"{name}-head.service"]
    temp_dir = head.split("--temp-dir=")[1].split()[0]
    assert len(temp_dir + OWN_PART) <= SOCKET_PATH_LIMIT


def test_what_units_cannot_do_without_is_named(describe: Describe) -> None:
    with pytest.raises(ClusterError, match="^'systemd' is missing: .*head_host"):
        systemd_units(describe(systemd=None))
    with pytest.raises(ClusterError, match="^python = 'python3': .* absolute path"):
        systemd_units(describe(python="python3"))
