"""Which finalist's parameters are the best, by training each anew on the same fresh seeds.

One training says as much about its seed as about its parameters; and the one that made a finalist
was lucky in its seed as well. Only the fresh trainings are compared.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import hypot, inf, isfinite, nan
from statistics import fmean, stdev

from orchestrator.decision.candidate import CandidateScores, standard_error
from orchestrator.decision.paired import FEWEST_FOR_TEST, Comparison, centre, compare
from orchestrator.decision.tie import break_tie, is_more_diverse


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """A finalist's parameters: the best snapshot of each fresh training, in the order of seeds.

    A training of which nothing could be scored is None.
    """

    trial_id: str
    trainings: tuple[CandidateScores | None, ...]

    @property
    def num_failed(self) -> int:
        """How many trainings left nothing that could be scored."""
        return sum(training is None for training in self.trainings)

    @property
    def log_fids(self) -> list[float]:
        """ln(FID) for each seed; infinity where the training failed."""
        return [inf if each is None else each.log_fid for each in self.trainings]

    @property
    def log_fid(self) -> float:
        """Mean of the finite ln(FID), of the middle half from eight seeds on."""
        return centre([value for value in self.log_fids if isfinite(value)])

    @property
    def fids(self) -> list[float]:
        """FID of each training that could be scored."""
        return [each.fid for each in self._scored]

    @property
    def fid_sd(self) -> float:
        """Standard deviation of FID over training seeds; NaN of fewer than two."""
        return stdev(self.fids) if len(self.fids) > 1 else nan

    @property
    def coverage(self) -> float:
        """Mean coverage; NaN where it was not measured."""
        return fmean(each.coverage for each in self._scored) if self._scored else nan

    @property
    def coverage_standard_error(self) -> float:
        """Standard error of the mean coverage over training seeds; 0 of one."""
        return standard_error([each.coverage for each in self._scored])

    @property
    def num_weights(self) -> int:
        """Size of the generator, which is the same for every seed."""
        return self._scored[0].num_weights if self._scored else 0

    @property
    def single_error(self) -> float:
        """Error of one seed's ln(FID) by measuring alone."""
        return max((each.log_standard_error for each in self._scored), default=0.0)

    @property
    def _scored(self) -> list[CandidateScores]:
        return [each for each in self.trainings if each is not None]


@dataclass(frozen=True, kw_only=True)
class ConfigurationChoice:
    """The winner, and how it stands against each of the others.

    ``contenders`` are those among which only their re-tested snapshots can decide, the winner
    included: trainings too few for a test say less of parameters than a snapshot says of itself.
    """

    winner: Configuration
    contenders: tuple[Configuration, ...]
    comparisons: tuple[Comparison, ...]
    reason: str


def choose_configuration(
    configurations: Sequence[Configuration], *, min_coverage: float
) -> ConfigurationChoice:
    """Choose the lowest mean ln(FID) over training seeds; a tie goes to diversity, then to size.

    Diverse configurations come before others, and of those the ones of which the fewest trainings
    failed. A gap below 1.3 %, or below two standard errors of the paired differences, is a tie.

    Args:
        configurations: at least one; their trainings on the same seeds, in the same order.
        min_coverage: the diversity asked for.
    """
    scored = [each for each in configurations if each.fids] or list(configurations)
    eligible = [each for each in scored if not each.coverage < min_coverage] or scored
    fewest = min(each.num_failed for each in eligible)
    sound = [each for each in eligible if each.num_failed == fewest]
    leader = min(sound, key=lambda each: each.log_fid)
    tied = [each for each in sound if each is not leader and _compare(leader, each).is_tie]
    winner = break_tie(leader, tied)
    is_tested = len(winner.trainings) >= FEWEST_FOR_TEST
    return ConfigurationChoice(
        winner=winner,
        contenders=(winner,) if is_tested else tuple(sound),
        comparisons=_comparisons(winner, configurations),
        reason=_reason(winner, leader, num_tied=len(tied), num_all=len(configurations)),
    )


def chosen_by_snapshot(
    choice: ConfigurationChoice, trial_id: str, configurations: Sequence[Configuration]
) -> ConfigurationChoice:
    """Return the choice of the contender whose snapshot was the best, which need not be its winner.

    Args:
        choice: with at least this contender.
        trial_id: of the contender.
        configurations: all that were compared.
    """
    winner = next(each for each in choice.contenders if each.trial_id == trial_id)
    if winner is choice.winner:
        return choice
    return ConfigurationChoice(
        winner=winner,
        contenders=choice.contenders,
        comparisons=_comparisons(winner, configurations),
        reason=f"{_scores(winner)}, too few to decide by (a test takes {FEWEST_FOR_TEST}); "
        f"{choice.winner.trial_id} has {fmean(choice.winner.fids):.3g}",
    )


def _comparisons(
    winner: Configuration, configurations: Sequence[Configuration]
) -> tuple[Comparison, ...]:
    return tuple(_compare(winner, each) for each in configurations if each is not winner)


def _compare(ours: Configuration, theirs: Configuration) -> Comparison:
    return compare(
        ours.log_fids,
        theirs.log_fids,
        other=theirs.trial_id,
        single_error=hypot(ours.single_error, theirs.single_error),
    )


def _scores(winner: Configuration) -> str:
    seeds = len(winner.trainings)
    spread = f" ± {winner.fid_sd:.2g}" if isfinite(winner.fid_sd) else ""
    mean = fmean(winner.fids) if winner.fids else nan
    failed = f", {winner.num_failed} failed" if winner.num_failed else ""
    trainings = f"{seeds} fresh training{'s' if seeds != 1 else ''}{failed}"
    return f"{winner.trial_id}: FID {mean:.3g}{spread} over {trainings}"


def _reason(winner: Configuration, leader: Configuration, *, num_tied: int, num_all: int) -> str:
    scores, is_tested = _scores(winner), len(winner.trainings) >= FEWEST_FOR_TEST
    test = "" if is_tested else f" (a test takes {FEWEST_FOR_TEST} trainings of each)"
    if winner is not leader:
        by = "diversity" if is_more_diverse(winner, leader) else "size"
        return f"{scores}, a tie with {leader.trial_id}, decided by {by}"
    if num_tied:
        return f"{scores}, the lowest of {num_all} finalists, {num_tied} tied with it{test}"
    return f"{scores}, the lowest of {num_all} finalists{test if num_all > 1 else ''}"
