import re
from collections.abc import Callable
from typing import Any

import pytest

from cluster.errors import ClusterError
from cluster.manifests.description import Description
from cluster.manifests.slurm import slurm_script

Describe = Callable[..., Description]


def options(script: str) -> dict[str, str]:
    found = re.findall(r"^#SBATCH --([a-z-]+)(?:=(.*))?$", script, re.MULTILINE)
    return dict(found)


def test_the_scheduler_is_told_what_is_needed(describe: Describe) -> None:
    asked = options(slurm_script(describe()))
    assert (asked["job-name"], asked["partition"], asked["account"]) == ("digits", "gpu", "vision")
    assert (asked["cpus-per-task"], asked["mem"], asked["gpus-per-node"]) == ("8", "32G", "a100:1")
    assert asked["time"] == "1-00:00"
    assert "requeue" in asked
    assert (asked["open-mode"], asked["signal"]) == ("append", "B:USR1@120")


@pytest.mark.parametrize(
    ("changes", "absent"),
    [
        ({"max_hours": None}, "time"),
        ({"nodes": {"gpus": 0, "gpu_type": None}}, "gpus-per-node"),
        ({"slurm": {"partition": None}}, "partition"),
    ],
)
def test_what_is_not_described_is_not_asked_for(
    changes: dict[str, Any], absent: str, describe: Describe
) -> None:
    assert absent not in options(slurm_script(describe(**changes)))


@pytest.mark.parametrize(
    ("fewest", "most", "shares", "expected"),
    [(1, 4, False, "2-5"), (4, 4, False, "5"), (0, 4, True, "1-4"), (2, 2, True, "2")],
)
def test_one_node_more_leads_unless_the_first_one_shares(
    fewest: int, most: int, shares: bool, expected: str, describe: Describe
) -> None:
    described = describe(nodes={"min": fewest, "max": most}, slurm={"trials_on_first_node": shares})
    script = slurm_script(described)
    assert options(script)["nodes"] == expected
    head = re.search(r"--head[^&]*--num-cpus=(\d+) --num-gpus=(\d+)", script, re.DOTALL)
    assert head is not None
    assert head.groups() == (("8", "1") if shares else ("0", "0"))


@pytest.mark.parametrize(
    ("hours", "expected"),
    [(0.001, "0-00:01"), (1.5, "0-01:30"), (23.999, "1-00:00"), (49, "2-01:00")],
)
def test_a_time_limit_is_in_days_hours_and_minutes(
    hours: float, expected: str, describe: Describe
) -> None:
    assert options(slurm_script(describe(max_hours=hours)))["time"] == expected


def test_other_peoples_rays_are_left_alone(describe: Describe) -> None:
    script = slurm_script(describe())
    commands = [line for line in script.splitlines() if not line.lstrip().startswith("#")]
    text = "\n".join(commands)
    assert "ray stop" not in text
    assert "symmetric-run" not in text
    assert "killall" not in text
    assert "pkill" not in text
    assert "SLURM_JOB_ID" in text.split("PORT=")[1].splitlines()[0]


def test_the_token_is_made_in_a_file_and_never_an_argument(describe: Describe) -> None:
    script = slurm_script(describe())
    made = script.index("secrets.token_hex")
    assert 0 < script.index("umask 077") < made
    assert '>"$RAY_AUTH_TOKEN_PATH"' in script[made : made + 120]
    assert "RAY_AUTH_MODE=token" in script


def test_setup_lines_run_before_the_strict_part(describe: Describe) -> None:
    script = slurm_script(describe())
    assert script.index("module load cuda") < script.index("set -uo pipefail")


def test_without_shared_storage_there_is_no_job(describe: Describe) -> None:
    with pytest.raises(ClusterError, match="^'storage' is missing: "):
        slurm_script(describe(storage=None, run_folder="s3://bucket/runs/a"))
