"""The one converter from our domains to Optuna's distributions, and back to plain values."""

from typing import cast

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import Trial

from search_spaces.domains import Choice, Domain, Float, Scalar, describe_value
from search_spaces.parameter import Parameter


def to_distribution(domain: Domain) -> BaseDistribution:
    """Return Optuna's form of a domain; both ends of a range stay included."""
    if isinstance(domain, Choice):
        return CategoricalDistribution(domain.options)
    if isinstance(domain, Float):
        return FloatDistribution(domain.low, domain.high, log=domain.log)
    return IntDistribution(domain.low, domain.high, log=domain.log)


def suggest(trial: Trial, parameter: Parameter) -> Scalar:
    """Ask Optuna for the parameter's value: a plain Python value within its bounds."""
    name, domain = optuna_name(parameter), parameter.domain
    if isinstance(domain, Choice):
        return cast(Scalar, trial.suggest_categorical(name, domain.options))
    if isinstance(domain, Float):
        drawn = trial.suggest_float(name, domain.low, domain.high, log=domain.log)
        return min(max(float(drawn), domain.low), domain.high)  # log and back may miss a bound
    return int(trial.suggest_int(name, domain.low, domain.high, log=domain.log))


def optuna_name(parameter: Parameter) -> str:
    """Name a declaration by its condition too: ``penalty@d_loss=wasserstein``.

    Optuna wants one distribution a name, whereas declarations of one name, whose conditions
    exclude each other, differ in theirs.
    """
    condition = ",".join(
        f"{parent}={'|'.join(map(describe_value, values))}"
        for parent, values in parameter.when.items()
    )
    return f"{parameter.name}@{condition}" if condition else parameter.name
