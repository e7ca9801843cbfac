"""What it costs that a run folder vouches for itself, and how long a long sweep takes to resume.

Appends and checkpoints are held against the same files without checksums, turn by turn. The sweep
that is resumed has so many finished trials; the clock stops at the first row of the next one.
See benchmarks/README.md.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import click
import torch

from benchmarks.turns import spread
from gan_models.config import GanConfig
from gan_models.files import whole_folder, write_json
from gan_models.samples import SampleKind, SampleSpec
from gan_models.tensor_file import save_tensors
from gan_models.training.checkpoint import save_checkpoint
from gan_models.training.state import TrainState, new_state
from orchestrator.backends.inprocess import InProcessBackend
from orchestrator.config.load import build_config, save_config
from orchestrator.decision.full import FullScheduler
from orchestrator.journal import Journal, read_journal
from orchestrator.measure import sweep_protocol
from orchestrator.paths import RunPaths
from orchestrator.progress.silent import SilentListener
from orchestrator.records import Action, Evaluation, StoppedBy, TrialStatus, Verdict, VerdictKind
from orchestrator.sampling.sampler import ParameterSampler
from orchestrator.sealed_lines import seal_line
from orchestrator.search import Search
from orchestrator.trial.spec import Messages, TrialSpec, evaluated, finished
from search_spaces.catalog import named_space

ROWS_PER_TRIAL = 20
SPEC = {
    "name": "long",
    "data": {"name": "ring8"},
    "space": "ring8",
    "search": {"sampler": "tpe", "trials": 1},
    "backend": "in-process",
}
ROW = {"trial_id": "bafun-fuhah", "evaluation": {f"column_{n}": n / 7 for n in range(30)}}


def ratios(ours: Callable[[], None], plain: Callable[[], None], repeats: int) -> list[float]:
    """Return how many times as long ours takes, turn by turn."""

    def seconds(work: Callable[[], None]) -> float:
        start_s = perf_counter()
        work()
        return perf_counter() - start_s

    return [seconds(ours) / seconds(plain) for _ in range(repeats)]


def append_ratios(folder: Path, repeats: int, num: int = 200) -> list[float]:
    """Compare appends to our journal with a line of JSON that is written and flushed."""
    journal = Journal(folder / "ours.jsonl")
    file = (folder / "plain.jsonl").open("ab")

    def plain() -> None:
        for number in range(num):
            line = json.dumps({"seq": number, "event": "evaluated", "time_s": 0.0, **ROW})
            file.write(line.encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())

    def ours() -> None:
        for _ in range(num):
            journal.append("evaluated", **ROW)

    with file:
        return ratios(ours, plain, repeats)


def checkpoint_ratios(folder: Path, repeats: int) -> list[float]:
    """Compare our checkpoints with the same tensors, flushed and renamed without checksums."""
    config = GanConfig(network="dcgan", width=64, latent_dim=64)
    state = new_state(config, SampleSpec(SampleKind.IMAGE, (1, 32, 32)), seed=0)

    def plain() -> None:
        with whole_folder(folder / "plain" / "checkpoint") as draft:
            save_tensors(_tensors(state), draft / "state.safetensors")
            write_json(draft / "checkpoint.json", {"nimg": state.nimg})

    def ours() -> None:
        save_checkpoint(folder / "ours", state, config)

    return ratios(ours, plain, repeats)


def _tensors(state: TrainState) -> dict[str, torch.Tensor]:
    networks = {"g": state.generator, "d": state.discriminator, "e": state.ema}
    return {
        f"{owner}/{name}": tensor.detach()
        for owner, network in networks.items()
        for name, tensor in network.state_dict().items()
    }


def open_seconds(path: Path, num_events: int) -> float:
    """Return how long a journal of so many events takes to be read and checked."""
    content, crc = bytearray(), 0
    for seq in range(num_events):
        stamp = {"seq": seq, "event": "evaluated", "time_s": 0.0, "epoch": 1}
        line, crc = seal_line({**stamp, **ROW}, crc)
        content += line + b"\n"
    path.write_bytes(content)
    start_s = perf_counter()
    read_journal(path)
    return perf_counter() - start_s


def resume_seconds(paths: RunPaths, num_trials: int) -> float:
    """Return how long ``ganorch resume`` takes to the first row of a trial after so many."""
    config = build_config(SPEC | {"search": {"sampler": "tpe", "trials": num_trials}})
    save_config(paths.sweep, config)
    with Journal(paths.journal) as journal:
        search = Search(
            config,
            paths.root,
            sampler=ParameterSampler(named_space("ring8"), "random", seed=0),
            scheduler=FullScheduler(),
            journal=journal,
            listener=SilentListener(),
        )
        protocol = sweep_protocol(config).hash
        InProcessBackend().run(search, lambda spec: long_trial(spec, protocol))
    words = ["resume", str(paths.root), "--set", f"search.trials={num_trials + 1}", "--quiet"]
    start_s = perf_counter()
    with subprocess.Popen([sys.executable, "-m", "orchestrator", *words]) as command:
        while not any(paths.trials.glob("*/evaluations.jsonl")):
            if command.poll() is not None:
                raise click.ClickException("the resume ended before a trial began")
            time.sleep(0.01)
        seconds = perf_counter() - start_s
        command.kill()
    return seconds


def long_trial(spec: TrialSpec, protocol: str) -> Messages:
    """Send as many evaluations as a trial of the spec's budget has, and end."""
    for step in range(ROWS_PER_TRIAL):
        row = Evaluation(
            run=spec.trial_id,
            step=step,
            fid=9.0 - step / 10,
            nimg=1000 * step,
            protocol=protocol,
        )
        yield evaluated(
            row, Verdict(kind=VerdictKind.IMPROVING, action=Action.GO_ON, reason="scripted")
        )
    yield finished(TrialStatus.COMPLETED, StoppedBy.BUDGET, reason="scripted")


@click.command()
@click.option("--repeats", default=7, show_default=True, type=click.IntRange(1))
@click.option("--events", default=100_000, show_default=True, type=click.IntRange(1))
@click.option("--trials", default=1000, show_default=True, type=click.IntRange(1))
def main(repeats: int, events: int, trials: int) -> None:
    """Measure what checksums cost, and how long a long sweep takes to go on."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        click.echo(f"append      x {spread(append_ratios(folder, repeats))}")
        click.echo(f"checkpoint  x {spread(checkpoint_ratios(folder, repeats))}")
        click.echo(f"journal of {events} events: {open_seconds(folder / 'long', events):.2f} s")
        resumed_s = resume_seconds(RunPaths(folder / "run"), trials)
        click.echo(f"resume after {trials} trials to the first row of the next: {resumed_s:.2f} s")


if __name__ == "__main__":
    main()
