"""What it costs to keep a run in a store, beside a folder of this machine.

In turn, several times: an event that decides, an evaluation, a commit of a trial, and a whole small
sweep, each to a folder, to a store on this disk and to a server on loopback that speaks S3. The
server is moto, in this process: a real one is farther away and faster. See benchmarks/README.md.
"""

import logging
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from statistics import median
from time import perf_counter

import click
from moto.server import ThreadedMotoServer
from pyarrow import fs

from orchestrator.config.load import build_config
from orchestrator.journal import Journal
from orchestrator.paths import RunPaths
from orchestrator.progress.silent import SilentListener
from orchestrator.storage.journal import StoredJournal
from orchestrator.storage.objects import open_store
from orchestrator.storage.places import WorkingPlace
from orchestrator.storage.run import stored_run
from orchestrator.storage.segments import JournalShipment
from orchestrator.storage.trial import LocalTrial, StoredTrial, TrialStore
from orchestrator.storage.uri import parse_uri
from orchestrator.sweep import Place, run_sweep

BUCKET = "costs"
STATE_BYTES = 4_000_000
NUM_EVENTS = 100
SPEC = {
    "name": "costs",
    "data": {"name": "ring8"},
    "space": "ring8",
    "fixed": {"width": 32, "depth": 1, "batch_size": 64},
    "search": {"sampler": "random", "trials": 3},
    "budget": {"kimg_per_trial": 20},
    "evaluation": {"every_kimg": 5, "samples": 256},
    "selection": {"finalists": 1, "seeds": 2, "diversity": {"coverage": 0.0}},
    "backend": "in-process",
}
_numbers = count()
MakeUri = Callable[[], str | None]


@click.command()
@click.option("--repeats", default=5, show_default=True, type=click.IntRange(min=1))
def main(repeats: int) -> None:
    """Print medians, and each as a multiple of what a folder costs."""
    with tempfile.TemporaryDirectory() as scratch, s3_server():
        places: dict[str, MakeUri] = {
            "folder": lambda: None,
            "file://": lambda: f"file://{scratch}/stored-{next(_numbers)}",
            "s3:// (moto)": lambda: f"s3://{BUCKET}/run-{next(_numbers)}",
        }
        for what, measure in MEASURES.items():
            seconds: dict[str, list[float]] = {name: [] for name in places}
            for _ in range(repeats):
                for name, make_uri in places.items():  # in turn, so that load hits all alike
                    folder = Path(scratch) / f"here-{next(_numbers)}"
                    seconds[name].append(measure(make_uri(), folder))
            show(what, {name: median(each) for name, each in seconds.items()})


def show(what: str, seconds: dict[str, float]) -> None:
    """Print one line."""
    base = seconds["folder"]
    costs = (
        f"{name} {1000 * each:.2f} ms" + (f" ({each / base:.2f}x)" if base > 1e-5 else "")
        for name, each in seconds.items()
    )
    click.echo(f"{what}: {', '.join(costs)}")


def time_event(event: str) -> Callable[[str | None, Path], float]:
    """Return what measures the time that one event keeps the driver waiting."""

    def measure(uri: str | None, folder: Path) -> float:
        with open_journal(uri, folder / "journal.jsonl") as journal:
            began_s = perf_counter()
            for _ in range(NUM_EVENTS):
                journal.append(event, trial_id="ash", reason="x" * 400)
            return (perf_counter() - began_s) / NUM_EVENTS

    return measure


def open_journal(uri: str | None, path: Path) -> Journal:
    """Open a journal as a driver does."""
    path.parent.mkdir(parents=True)
    if uri is None:
        return Journal(path)
    shipment = JournalShipment(open_store(parse_uri(uri)), path, epoch=0)
    return StoredJournal(path, shipment, lambda: None)


def time_commit(uri: str | None, folder: Path) -> float:
    """Measure what a commit adds: a checkpoint of 4 MB, a snapshot, a grid and the curve."""
    place = WorkingPlace(folder)
    trial = place.paths.trial("ash")
    store: TrialStore = LocalTrial()
    if uri is not None:
        store = StoredTrial(open_store(parse_uri(uri)), place, "ash")
    files = {
        trial.checkpoints / "checkpoint-000000000512" / "state.safetensors": STATE_BYTES,
        trial.checkpoints / "checkpoint-000000000512" / "checkpoint.json": 500,
        trial.snapshot(512) / "generator.safetensors": STATE_BYTES // 5,
        trial.snapshot(512) / "model.json": 500,
        trial.sample_grid(512): 20_000,
        trial.evaluations: 2_000,
    }
    for path, num_bytes in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(os.urandom(num_bytes))
    began_s = perf_counter()
    store.commit()
    return perf_counter() - began_s


def time_sweep(uri: str | None, folder: Path) -> float:
    """Measure a whole small sweep."""
    config = build_config(SPEC)
    began_s = perf_counter()
    if uri is None:
        run_sweep(config, Place(RunPaths(folder)), SilentListener())
        return perf_counter() - began_s
    with stored_run(uri, folder, is_new=True) as (paths, store):
        run_sweep(config, Place(paths, store=store), SilentListener())
    return perf_counter() - began_s


MEASURES: dict[str, Callable[[str | None, Path], float]] = {
    "an event that decides": time_event("paused"),
    "an evaluation": time_event("evaluated"),
    "a commit of a trial (5 MB)": time_commit,
    "a sweep of 3 trials, 5 commits each": time_sweep,
}


@contextmanager
def s3_server() -> Iterator[None]:
    """Serve S3 on loopback, and point the environment at it."""
    from cluster.environment import environment

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with ExitStack() as stack:
        stack.callback(server.stop)
        variables = {
            "AWS_ACCESS_KEY_ID": "any",
            "AWS_SECRET_ACCESS_KEY": "any",
            "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        }
        stack.enter_context(environment(variables))
        s3 = fs.S3FileSystem(
            endpoint_override=f"{host}:{port}", scheme="http", allow_bucket_creation=True
        )
        s3.create_dir(BUCKET)
        yield


if __name__ == "__main__":
    main()
