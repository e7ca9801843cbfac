"""What a spec may say, field by field. A value of these types can be meant; others are refused."""

from math import ceil, inf
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from gan_models.data.source import DataSource
from orchestrator.sampling.mirror_target import NONE, shown, target_problem


def _refuse_truth_value(value: Any) -> Any:
    if isinstance(value, bool):  # which Python counts among the integers
        raise PydanticCustomError("truth_value", "must be a number")
    return value


_Number = BeforeValidator(_refuse_truth_value)
Whole = Annotated[int, _Number, Field(ge=0)]
Count = Annotated[int, _Number, Field(ge=1)]
NonNegativeFloat = Annotated[float, _Number, Field(ge=0, allow_inf_nan=False)]
PositiveFloat = Annotated[float, _Number, Field(gt=0, allow_inf_nan=False)]
Kimg = Annotated[float, _Number, Field(ge=0.001, allow_inf_nan=False)]  # from one image on
Fraction = Annotated[float, _Number, Field(ge=0, le=1)]
Params = dict[str, Any]


class Section(BaseModel):
    """A frozen part of a spec in which no unknown key passes."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=False)


class SearchConfig(Section):
    """Which parameters are tried."""

    sampler: Literal["tpe", "random"] = "tpe"
    trials: Count = 16
    seed: Whole = 0
    startup_trials: Count | None = Field(
        default=None,
        description="random trials before the sampler learns; by default a third, at most 10",
    )
    begin_with: tuple[Params, ...] = Field(
        default=(), description="what the first trials have of what is known to work"
    )
    objectives: tuple[Literal["fid", "coverage"], ...] = ("fid",)
    stop_when_settled: StrictBool = False
    mirror: str = Field(
        default=NONE, description="where optuna-dashboard may look on; decides nothing"
    )

    @field_validator("objectives")
    @classmethod
    def _with_fid_first(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if names not in (("fid",), ("fid", "coverage")):
            raise ValueError(f"search.objectives = {list(names)}: must be [fid] or [fid, coverage]")
        return names

    @field_validator("mirror")
    @classmethod
    def _mirrors_without_password(cls, target: str) -> str:
        problem = target_problem(target)
        if problem is not None:
            raise ValueError(f"search.mirror = {shown(target)}: {problem}")
        return target

    @model_validator(mode="after")
    def _begins_with_its_own_trials(self) -> "SearchConfig":
        if len(self.begin_with) > self.trials:
            raise ValueError(
                f"search.begin_with = {len(self.begin_with)} recipes: must not be more than "
                f"search.trials = {self.trials} (budget.max_trials ends a sweep sooner)"
            )
        return self

    @model_validator(mode="after")
    def _settles_on_one_objective(self) -> "SearchConfig":
        if self.stop_when_settled and self.objectives != ("fid",):
            raise ValueError(
                "search.stop_when_settled = True: what more trials would gain is estimated for "
                "search.objectives = [fid] only"
            )
        return self


class BudgetConfig(Section):
    """What may be spent at most, whatever the search plans.

    Once hours are spent, no trial is proposed and those that run end at their next evaluation.
    ``max_trials`` counts everything that was ever proposed, replicates included.
    """

    kimg_per_trial: Kimg = 250.0
    max_hours: PositiveFloat | None = None
    max_gpu_hours: PositiveFloat | None = None
    max_trials: Count | None = None

    @property
    def nimg_per_trial(self) -> int:
        """Images that D sees in a full trial."""
        return round(1000 * self.kimg_per_trial)


class EvaluationConfig(Section):
    """How often and by what a trial is measured."""

    every_kimg: Kimg = 10.0
    samples: Annotated[int, _Number, Field(ge=16)] = 2000
    features: str = "auto"
    duality_gap_every: Annotated[int, _Number, Field(ge=0)] = 0  # evaluations; 0 means never

    @property
    def every_nimg(self) -> int:
        """Images between two evaluations."""
        return round(1000 * self.every_kimg)


class SchedulerConfig(Section):
    """Which trials are outclassed; a field that a kind does not name is not looked at.

    ``asha`` compares trials first at ``grace_kimg``, then at each ``reduction`` times as much, and
    lets the best 1/``reduction`` go on; ``hyperband`` does so with several graces side by side,
    of which ``grace_kimg`` is the shortest. Both pause the others until they prove better, and
    count scores within ``tie_sds`` standard deviations of the metric's noise as equal. ``median``
    stops what is worse than the median of at least ``min_trials`` others from ``grace_kimg`` on.
    ``pbt`` ends nobody: every ``interval_kimg`` a trial among the worst ``quantile`` goes on from
    the weights of one among the best, where the difference of their smoothed ln(FID) exceeds
    ``significant_sds`` standard deviations of its noise; the space's real numbers then move by a
    fifth. ``none`` lets every trial spend its budget.
    """

    kind: Literal["asha", "hyperband", "median", "pbt", "none"] = "asha"
    reduction: Annotated[int, _Number, Field(ge=2)] = 3
    grace_kimg: Kimg = 30.0
    tie_sds: NonNegativeFloat = 2.0
    min_trials: Count = 5
    interval_kimg: Kimg = 25.0
    quantile: Annotated[float, _Number, Field(gt=0, le=0.5)] = 0.25
    significant_sds: NonNegativeFloat = 2.0

    @property
    def interval_nimg(self) -> int:
        """Images between two comparisons of a population."""
        return round(1000 * self.interval_kimg)

    @property
    def grace_nimg(self) -> int:
        """Images before a trial is first compared."""
        return round(1000 * self.grace_kimg)


class ResourcesConfig(Section):
    """What one trial occupies, and how many run at once.

    ``gpus_per_trial`` may be a share of one GPU; a trial is then kept to that share of its memory,
    or to ``gpu_memory_gib_per_trial``, which must be free before it begins.
    """

    cpus_per_trial: PositiveFloat = 1.0
    gpus_per_trial: NonNegativeFloat = 0.0
    gpu_memory_gib_per_trial: PositiveFloat | None = None
    concurrent: int | Literal["auto"] = "auto"

    @field_validator("concurrent", mode="before")
    @classmethod
    def _auto_or_count(cls, value: Any) -> Any:
        if value != "auto" and not (type(value) is int and value >= 1):
            raise ValueError(
                f"resources.concurrent = {value!r}: must be 'auto' or a whole number from 1"
            )
        return value

    @model_validator(mode="after")
    def _has_a_gpu_to_share(self) -> "ResourcesConfig":
        if self.gpu_memory_gib_per_trial is not None and self.gpus_per_trial == 0:
            raise ValueError(
                f"resources.gpu_memory_gib_per_trial = {self.gpu_memory_gib_per_trial:g}: "
                "asks for memory of a GPU while resources.gpus_per_trial = 0"
            )
        return self

    @property
    def limit(self) -> int | None:
        """How many trials may run at once; None for as many as fit."""
        return None if self.concurrent == "auto" else self.concurrent

    @property
    def gpu_memory_bytes(self) -> int | None:
        """What must be free on its GPU before a trial begins."""
        gib = self.gpu_memory_gib_per_trial
        return None if gib is None else round(gib * 2**30)


def _refuse_unless_auto_or_positive(value: Any) -> Any:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if value != "auto" and not (is_number and 0 < value < inf):
        raise PydanticCustomError("deadline", "must be 'auto' or a positive number of seconds")
    return value


Deadline = Annotated[float | Literal["auto"], BeforeValidator(_refuse_unless_auto_or_positive)]


class FaultsConfig(Section):
    """What is done about attempts at trials that are lost by surprise.

    A trial that gives no sign of life for ``hang_s`` while it trains, or for ``evaluation_hang_s``
    while it begins or is evaluated, is killed and tried once more. ``auto`` allows 10 times its
    longest silence so far, at least 5 minutes, and 30 for evaluations. ``kills_in_a_row`` is how
    often it begins again after its process died, without a new evaluation in between;
    ``retries_per_trial`` bounds all retries for faults that may be the trial's own. If the first
    ``alike_failures`` trials all fail in the same way, the sweep stops.
    """

    hang_s: Deadline = "auto"
    evaluation_hang_s: Deadline = "auto"
    kills_in_a_row: Whole = 3
    retries_per_trial: Whole = 10
    alike_failures: Annotated[int, _Number, Field(ge=2)] = 5


class DiversityConfig(Section):
    """The least diversity with which a generator may be handed over."""

    coverage: Fraction = 0.6


class BalanceConfig(Section):
    """What a trial may change in how it trains itself; every change is recorded.

    ``adapt`` lets the ratio of D updates to G updates follow the health of D, between
    ``min_d_per_g`` and ``max_d_per_g`` (a ratio beyond them that a trial begins with stays
    allowed). ``rollbacks`` is how often a dead trial goes back to its last good checkpoint.
    """

    adapt: Annotated[bool, Field(strict=True)] = False
    min_d_per_g: PositiveFloat = 0.25
    max_d_per_g: PositiveFloat = 4.0
    rollbacks: Annotated[int, _Number, Field(ge=0, le=2)] = 0

    @model_validator(mode="after")
    def _has_room(self) -> "BalanceConfig":
        if self.min_d_per_g > self.max_d_per_g:
            raise ValueError(
                f"balance.min_d_per_g = {self.min_d_per_g:g}: must not exceed "
                f"balance.max_d_per_g = {self.max_d_per_g:g}"
            )
        return self


class SelectionConfig(Section):
    """How the finalists are re-tested.

    ``snapshots`` of the best generators of a trial are kept beside its last. Those of a finalist
    are halved round by round, each round on fresh fakes, until what is left has been scored on
    ``seeds`` sets of them. ``retrain_seeds`` trains each finalist's parameters anew so many times.
    """

    finalists: Count = 3
    snapshots: Count = 12
    seeds: Count = 7
    retrain_seeds: Whole = 0
    diversity: DiversityConfig = DiversityConfig()


class ModulesConfig(Section):
    """Where modules of one's own are found that the spec names as ``module:name``.

    ``folders`` are looked through after what is installed; by default, of the spec's folder and
    the present one, those that hold such a module. ``sha256`` is recorded when the sweep begins.
    """

    folders: tuple[str, ...] = ()
    sha256: dict[str, str] = Field(default_factory=dict)


class SweepConfig(Section):
    """A whole sweep, resolved: defaults, the spec and overrides in one frozen value."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
    data: dict[str, str]
    space: str | dict[str, Any]
    fixed: Params = Field(default_factory=dict)
    search: SearchConfig = SearchConfig()
    budget: BudgetConfig = BudgetConfig()
    evaluation: EvaluationConfig = EvaluationConfig()
    scheduler: SchedulerConfig = SchedulerConfig()
    balance: BalanceConfig = BalanceConfig()
    resources: ResourcesConfig = ResourcesConfig()
    faults: FaultsConfig = FaultsConfig()
    selection: SelectionConfig = SelectionConfig()
    backend: Literal["ray", "in-process"] = "ray"
    modules: ModulesConfig = ModulesConfig()

    @field_validator("space", mode="before")
    @classmethod
    def _name_or_mapping(cls, value: Any) -> Any:
        if not isinstance(value, str | dict):
            raise ValueError(
                f"space = {value!r}: must be the name of a space or a mapping of parameters"
            )
        return value

    @field_validator("data")
    @classmethod
    def _known_data(cls, data: dict[str, str]) -> dict[str, str]:
        DataSource.from_mapping(data)
        return data

    @model_validator(mode="after")
    def _evaluates_often_enough(self) -> "SweepConfig":
        if self.evaluation.every_nimg > self.budget.nimg_per_trial:
            raise ValueError(
                f"evaluation.every_kimg = {self.evaluation.every_kimg}: must not exceed "
                f"budget.kimg_per_trial = {self.budget.kimg_per_trial}"
            )
        return self

    @model_validator(mode="after")
    def _is_a_population(self) -> "SweepConfig":
        problem = _population_problem(self) if self.scheduler.kind == "pbt" else None
        if problem is not None:
            raise ValueError(problem)
        return self

    @property
    def num_trials(self) -> int:
        """Trials that the search may propose: its plan, or the cap where that is lower."""
        return min(self.search.trials, self.budget.max_trials or self.search.trials)

    @property
    def num_finalists(self) -> int:
        """Trials that are tested again, at most."""
        return min(self.selection.finalists, self.num_trials)

    @property
    def num_trainings(self) -> int:
        """How many trials there are at most: those proposed, and the finalists' replicates."""
        return self.num_trials + self.num_finalists * self.selection.retrain_seeds

    @property
    def source(self) -> DataSource:
        """Where the real samples come from."""
        return DataSource.from_mapping(self.data)


def _population_problem(config: SweepConfig) -> str | None:
    """Return why a population cannot be trained as the spec says; None if it can."""
    scheduler, balance, anew = config.scheduler, config.balance, config.selection.retrain_seeds
    fewest = ceil(1 / scheduler.quantile)
    joined = "not with scheduler.kind = pbt, under which"
    if scheduler.interval_nimg < config.evaluation.every_nimg:
        return (
            f"scheduler.interval_kimg = {scheduler.interval_kimg:g}: must be at least "
            f"evaluation.every_kimg = {config.evaluation.every_kimg:g}"
        )
    if config.num_trials < fewest:
        return (
            f"scheduler.quantile = {scheduler.quantile:g}: is no whole trial of "
            f"{config.num_trials}; search.trials must be at least {fewest}"
        )
    if config.search.stop_when_settled:
        return f"search.stop_when_settled = True: {joined} trials are not drawn independently"
    if balance.adapt:
        return f"balance.adapt = True: {joined} a trial may change to other weights"
    if balance.rollbacks:
        return f"balance.rollbacks = {balance.rollbacks}: {joined} a dead trial's past may be gone"
    if anew:
        return f"selection.retrain_seeds = {anew}: {joined} parameters alone do not make a trial"
    return None
