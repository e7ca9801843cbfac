"""Short versions of the benchmarks that take whole nodes away from a sweep, on one cluster."""

import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.chaos.node_moves import PACE_S, await_gcs, faults_in, joined, lose_nodes
from benchmarks.chaos.paced_sweep import drive, driver
from benchmarks.chaos.promises import check_promises
from benchmarks.chaos.robbed_demo import demo_in, differences, rob, run_words
from benchmarks.chaos.victims import await_step, await_victim
from cluster.multinode import LocalCluster, local_cluster
from orchestrator.backends.inprocess import InProcessBackend
from orchestrator.config.load import load_config
from orchestrator.paths import RunPaths
from orchestrator.progress.silent import SilentListener
from orchestrator.records import FaultKind
from orchestrator.sweep import Place, run_sweep

pytestmark = [
    pytest.mark.integration,
    pytest.mark.cluster,
    pytest.mark.skipif(sys.platform != "linux", reason="signals processes by their id"),
]

NOTICED_WITHIN_S = 10.0  # by the health settings that we ship
MOVED_WITHIN_S = 20.0
AFTER_NOTICE_S = 15.0  # about 2 s on an idle machine
DEADLINE_S = 120
SMALL = """
name: robbed
data: {name: ring8}
space: ring8
fixed: {width: 16, depth: 1, batch_size: 32}
search: {sampler: tpe, trials: 4}
budget: {kimg_per_trial: 4}
evaluation: {every_kimg: 0.5, samples: 64}
scheduler: {kind: asha, grace_kimg: 1, reduction: 2}
selection: {finalists: 2, seeds: 3, diversity: {coverage: 0}}
"""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCluster]:
    """Start a head and three nodes; who loses one adds another."""
    folder = tmp_path_factory.mktemp("nodes")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GANORCH_HOME", str(folder / "home"))
        patch.setenv("RAY_AUTH_TOKEN_PATH", str(folder / "token"))
        with local_cluster(nodes=3, cpus_per_node=1) as started:
            yield started


def test_trials_of_lost_nodes_go_on_elsewhere_and_nothing_changes(
    cluster: LocalCluster, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    found = lose_nodes(tmp_path, cluster, ["kill", "freeze"], seed=0)
    assert "raylet" not in "".join(capfd.readouterr())  # it has much to say of a node that is lost
    assert found.promises.are_kept, found.promises
    assert set(found.faults) == {FaultKind.NODE_LOST}
    for move in found.moves:
        assert move.is_elsewhere
        assert move.detected_s <= NOTICED_WITHIN_S, found.moves
        assert move.moved_s - move.detected_s <= AFTER_NOTICE_S, found.moves
        assert move.moved_s <= MOVED_WITHIN_S, found.moves
        assert move.steps_awake == 0, found.moves


def test_no_trial_is_lost_where_the_gcs_is_killed(cluster: LocalCluster, tmp_path: Path) -> None:
    run = tmp_path / "run"
    undisturbed = drive(tmp_path / "undisturbed", InProcessBackend(), num_trials=4)
    with (
        joined(cluster),
        driver(run, num_trials=4, pace_s=PACE_S, address=cluster.address) as process,
    ):
        await_victim(run, cluster, random.Random(0), pace_s=PACE_S)
        cluster.kill_gcs()
        await_gcs(cluster)
        back_s = time.time()
        await_step(run, lambda step: step.time_s > back_s)
        assert process.wait(timeout=DEADLINE_S) == 0
    promises = check_promises(run, undisturbed)
    assert promises.are_kept, promises
    assert (faults_in(run), promises.redone_frac) == ([], 0.0)


def test_robbed_of_a_node_and_of_its_driver_a_sweep_ends_as_if_it_had_not_been(
    cluster: LocalCluster, tmp_path: Path
) -> None:
    spec, paths = tmp_path / "spec.yaml", RunPaths(tmp_path / "undisturbed")
    spec.write_text(SMALL)
    run_sweep(load_config(spec, ["backend=in-process"]), Place(paths), SilentListener())
    undisturbed = demo_in(paths.root)
    robbed = rob(tmp_path / "robbed", cluster, run_words(spec))
    assert robbed.faults == [FaultKind.NODE_LOST]
    assert undisturbed.faults == []
    assert robbed.winner == undisturbed.winner
    assert differences(undisturbed, robbed) == []
    assert len(robbed.result["rows"]) > 0
