from click.testing import CliRunner

from benchmarks.proposals import CASES, AddingSampler, filled, main
from orchestrator.sampling.sampler import ParameterSampler


def test_every_case_is_compared() -> None:
    result = CliRunner().invoke(main, ["--trials", "12", "--repeats", "1"], catch_exceptions=False)
    lines = result.output.splitlines()[1:]
    assert [line.split("  ")[0] for line in lines] == list(CASES)
    assert all("ms ours" in line and "ms adding all" in line for line in lines)


def test_both_know_the_same_trials() -> None:
    ours, adding = (filled(build, "tpe", 9) for build in (ParameterSampler, AddingSampler))
    study = adding._study_for(9)
    assert [trial.params for trial in study.trials] == [each.params for each in ours._recalled()]
    assert [trial.values for trial in study.trials] == [each.values for each in ours._recalled()]
