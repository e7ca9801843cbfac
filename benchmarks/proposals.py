"""What one more proposal costs beside a study that all earlier trials are added to first.

Both build everything anew for each proposal, as it has to be for a search that resumes to propose
what it would have. See benchmarks/README.md.
"""

from collections.abc import Sequence
from statistics import median
from time import process_time

import click
import optuna
from optuna.trial import create_trial

from orchestrator.sampling.outcome import Direction, Outcome
from orchestrator.sampling.sampler import ParameterSampler, SamplerKind, _build_sampler
from search_spaces.catalog import named_space

SPACE = "digits-demo"
CASES: dict[str, tuple[SamplerKind, tuple[Direction, ...]]] = {
    "random": ("random", ("minimize",)),
    "tpe": ("tpe", ("minimize",)),
    "tpe, two objectives": ("tpe", ("minimize", "maximize")),
}


class AddingSampler(ParameterSampler):
    """Adds every trial to a new study, which validates and copies each."""

    def _study_for(self, index: int) -> optuna.Study:
        sampler = _build_sampler(self._kind, self._startup_trials, seed=index)
        study = optuna.create_study(directions=self._directions, sampler=sampler)
        study.add_trials(
            create_trial(
                state=each.state,
                values=each.values,
                params=each.params,
                distributions=each.distributions,
            )
            for each in self._recalled()
        )
        return study


def filled(build: type[ParameterSampler], case: str, num_trials: int) -> ParameterSampler:
    """Return a sampler that knows so many trials."""
    kind, directions = CASES[case]
    space = named_space(SPACE)
    source = ParameterSampler(space, "random", seed=0)
    sampler = build(space, kind, 0, directions=directions)
    for index in range(num_trials):
        params = source.propose(index)
        scores = (float(params["d_lr"]), float(params["g_lr"]))
        sampler.restore(index, params, Outcome(values=scores[: len(directions)]))
    return sampler


def proposal_s(sampler: ParameterSampler, index: int) -> float:
    """Return the CPU seconds of one proposal."""
    start_s = process_time()
    sampler.propose(index)
    return process_time() - start_s


def compare(case: str, num_trials: int, repeats: int) -> str:
    """Let both propose in turns; give the medians and the ratio, turn by turn."""
    ours, adding = (filled(build, case, num_trials) for build in (ParameterSampler, AddingSampler))
    turns = [
        (proposal_s(ours, num_trials + turn), proposal_s(adding, num_trials + turn))
        for turn in range(-1, repeats)
    ][1:]  # the first use imports
    ours_ms, adding_ms = (1000 * median(times) for times in zip(*turns, strict=True))
    ratio = median(theirs / mine for mine, theirs in turns)
    return (
        f"{case:<22}{num_trials:>6} trials{ours_ms:9.1f} ms ours{adding_ms:9.1f} ms adding all"
        f"   x {ratio:.1f}"
    )


@click.command()
@click.option("--trials", multiple=True, default=[100, 300, 1000], type=click.IntRange(1))
@click.option("--repeats", default=7, show_default=True, type=click.IntRange(1))
def main(trials: Sequence[int], repeats: int) -> None:
    """Measure a proposal in CPU milliseconds."""
    click.echo(f"optuna {optuna.__version__}, space {SPACE}, {repeats} repeats")
    for case in CASES:
        for num_trials in trials:
            click.echo(compare(case, num_trials, repeats))


if __name__ == "__main__":
    main()
