"""What can be known to fail is refused before any work: space, data, metric and networks."""

import random
from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any

import torch

from gan_models.config import NETWORK_NAMES, SHAPING_PARAMS, GanConfig, check_value
from gan_models.data.dataset import Dataset, Split
from gan_models.data.load import load_splits
from gan_models.errors import (
    FactoryError,
    GanModelsError,
    MetricError,
    ParameterError,
    nearest,
)
from gan_models.networks.registry import build_discriminator, build_generator
from gan_models.samples import SampleSpec
from gan_models.training.contract import check_built, check_contract, own_parts
from orchestrator.config.model import SweepConfig
from orchestrator.config.scientific import in_yaml, reads_as_number
from orchestrator.errors import ConfigError, UsageError
from orchestrator.modules import check_modules
from orchestrator.spaces import find_space
from orchestrator.yardstick import Yardstick, open_yardstick
from search_spaces.domains import Scalar, describe_value
from search_spaces.errors import SpaceError
from search_spaces.narrowing import narrowed, refused_options
from search_spaces.space import SearchSpace

_NUM_PROBES = 64  # proposals that are built on trial, so that an impossible space fails now


def resolve_space(config: SweepConfig) -> SearchSpace:
    """Return the space that a spec names or holds, with its ``fixed`` values pinned.

    Choices with which the pinned values cannot be trained leave the space.

    Raises:
        ConfigError: on an unknown space or parameter, a range that cannot be meant, or a recipe
            to begin with that the space does not hold.
    """
    try:
        declared = _declared(config)
        _check_names(declared.names, "space.")
        check_given(declared.pinned, "space.")
        check_given(config.fixed, "fixed.")
        space = narrowed(declared, config.fixed, _can_be_trained)
    except SpaceError as error:
        raise ConfigError(str(error)) from error
    known_recipes(config, space)
    return space


def known_recipes(config: SweepConfig, space: SearchSpace) -> list[dict[str, Scalar]]:
    """Return what the first trials are known to have, in the space's own values.

    Raises:
        ConfigError: naming the recipe, the parameter and what is allowed.
    """
    recipes = []
    for number, known in enumerate(config.search.begin_with):
        check_given(known, f"{_recipe(number)}.")
        try:
            recipes.append(space.part(known))
        except SpaceError as error:
            raise ConfigError(f"{_recipe(number)}: {error}") from error
    return recipes


def describe_left_out(config: SweepConfig) -> list[str]:
    """Say in lines of text which options left the space, because of what is pinned."""
    refused = refused_options(_declared(config), config.fixed, _can_be_trained)
    return [
        f"{name} is never {' or '.join(map(describe_value, options))}: that does not go with what "
        "is fixed"
        for name, options in refused.items()
    ]


def check_given(values: Mapping[str, Any], place: str) -> None:
    """Check values that a user gave for parameters, each for itself.

    Args:
        values: parameters by name.
        place: what stands before a name where the user wrote it: ``fixed.`` or ``--param ``.

    Raises:
        ConfigError: naming the place, the value and what is allowed.
    """
    _check_names(values, place)
    for name, value in values.items():
        try:
            check_value(name, value)
        except ParameterError as error:
            raise ConfigError(f"{place}{error}{_yaml_hint(name, value)}") from error


def open_measure(config: SweepConfig) -> Yardstick:
    """Open the data and the features that a spec names.

    Raises:
        GanModelsError: if the data or the features cannot be used; names the file or the key.
    """
    try:
        return open_yardstick(config.data, config.evaluation.features)
    except MetricError as error:
        if str(error).startswith("features = "):
            raise MetricError(f"evaluation.{error}") from error
        raise


def check_sweep(config: SweepConfig) -> SearchSpace:
    """Open the data, build the metric and try networks of the space; return the space.

    Raises:
        ConfigError: if a spec cannot be carried out.
        GanModelsError: if the data or the metric cannot be used; names the file.
    """
    check_modules(config)
    space = resolve_space(config)
    _check_population(config, space)
    yardstick = open_measure(config)
    _check_repeatable(config, yardstick)
    for split in (Split.SELECT, Split.CERTIFY):
        yardstick.reference(split)
    _check_sample_count(config, yardstick)
    rng, real, tried = random.Random(config.search.seed), yardstick.splits.train, set[Any]()
    for number, known in enumerate(known_recipes(config, space)):
        try:
            for _ in range(_NUM_PROBES):
                check_params(space.sample(rng, known), real.sample)
        except ConfigError as error:
            raise ConfigError(f"{_recipe(number)}: {error}") from error
    for _ in range(_NUM_PROBES):
        gan = check_params(space.sample(rng), real.sample)
        if own_parts(gan) not in tried:
            check_own(config, gan, real)
        tried.add(own_parts(gan))
    return space


def check_own(config: SweepConfig, gan: GanConfig, real: Dataset) -> None:
    """Try networks and losses that are not ours in one round of training.

    Raises:
        FactoryError: naming what breaks its contract, and how.
    """
    is_for_gpu = config.resources.gpus_per_trial > 0 and torch.cuda.is_available()
    check_contract(gan, real, device="cuda" if is_for_gpu else "cpu")


def check_gpu(asked: str, *, remedy: str) -> None:
    """Refuse work for a GPU of this machine that torch cannot use, whatever the machine has.

    Args:
        asked: what asks for a GPU, as ``key = value``.
        remedy: what to do without one.

    Raises:
        UsageError: if torch has no CUDA, or finds no GPU.
    """
    if not torch.cuda.is_available():
        raise UsageError(
            f"{asked}: torch {torch.__version__} sees no GPU on this machine: {remedy}"
        )


def check_params(params: Mapping[str, Any], sample: SampleSpec) -> GanConfig:
    """Return the configuration of one proposal, once its networks were built on trial.

    Raises:
        ConfigError: if a value is impossible, or the network cannot make such samples.
    """
    try:
        gan = GanConfig.from_params(params)
        if gan.network not in NETWORK_NAMES:  # whose builders may look at values
            check_built(gan, sample)
            return gan
        with torch.device("meta"):  # shapes only: neither memory nor time
            build_generator(gan, sample)
            build_discriminator(gan, sample)
    except GanModelsError as error:
        raise ConfigError(str(error)) from error
    return gan


def _recipe(number: int) -> str:
    return f"search.begin_with[{number}]"


def _check_population(config: SweepConfig, space: SearchSpace) -> None:
    """Refuse networks of several shapes where trials are to go on from each other's weights."""
    varied = dict.fromkeys(each.name for each in space.parameters if each.name in SHAPING_PARAMS)
    if config.scheduler.kind == "pbt" and varied:
        raise ConfigError(
            f"scheduler.kind = pbt: the space varies {', '.join(varied)}, but only trials with "
            "networks of one shape can take over each other's weights: pin each under fixed"
        )


def _check_repeatable(config: SweepConfig, yardstick: Yardstick) -> None:
    """Refuse a user's function that gives each process of a sweep other samples."""
    name, seen = config.source.brought, yardstick.splits.train.fingerprint
    if name is not None and load_splits(config.source).train.fingerprint != seen:
        raise FactoryError(
            f"data.factory = '{name}': gives other samples at each call: seed what it draws, and "
            "sort what it lists"
        )


def _check_sample_count(config: SweepConfig, yardstick: Yardstick) -> None:
    fewest = 2 * (yardstick.reference(Split.SELECT).k + 1)
    if config.evaluation.samples < fewest:
        raise ConfigError(
            f"evaluation.samples = {config.evaluation.samples}: the metric needs at least {fewest}"
        )


def _check_names(names: Iterable[str], place: str) -> None:
    known = [spec.name for spec in fields(GanConfig)]
    for name in names:
        if name not in known:
            raise ConfigError(f"{place}{name} is no parameter: {nearest(name, known)}")


def _yaml_hint(name: str, value: Any) -> str:
    is_real = isinstance(getattr(GanConfig(), name), float)
    if is_real and isinstance(value, str) and reads_as_number(value):
        return f": YAML reads it as text, write {in_yaml(value)} rather than {value}"
    return ""


def _can_be_trained(params: Mapping[str, Any]) -> bool:
    """Say whether values go with each other. One that is wrong by itself is not theirs to judge."""
    try:
        GanConfig.from_params(params)
    except ParameterError:
        return not all(map(_is_legal, params, params.values()))
    return True


def _is_legal(name: str, value: Any) -> bool:
    try:
        check_value(name, value)
    except ParameterError:
        return False
    return True


def _declared(config: SweepConfig) -> SearchSpace:
    if isinstance(config.space, str):
        return find_space(config.space)
    return SearchSpace.from_mapping(config.space)
