"""What can be known to fail is refused before any work: space, data, metric and networks."""

import random
from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any

import torch

from gan_models.config import GanConfig
from gan_models.data.dataset import Split
from gan_models.errors import GanModelsError, nearest
from gan_models.networks.registry import build_discriminator, build_generator
from gan_models.samples import SampleSpec
from orchestrator.config.model import SweepConfig
from orchestrator.errors import ConfigError
from orchestrator.records import Evaluation
from orchestrator.yardstick import Yardstick, open_yardstick
from search_spaces.catalog import named_space
from search_spaces.errors import SpaceError
from search_spaces.space import SearchSpace

_NUM_PROBES = 64  # proposals that are built on trial, so that an impossible space fails now


def resolve_space(config: SweepConfig) -> SearchSpace:
    """Return the space that a spec names or holds, with its ``fixed`` values pinned.

    Raises:
        ConfigError: on an unknown space or parameter, or a range that cannot be meant.
    """
    try:
        space = _declared(config).fixed(config.fixed)
    except SpaceError as error:
        raise ConfigError(str(error)) from error
    known = [spec.name for spec in fields(GanConfig)]
    for name in space.names:
        if name not in known:
            place = "fixed" if name in config.fixed else "space"
            raise ConfigError(f"{place}.{name} is no parameter: {nearest(name, known)}")
    return space


def check_sweep(config: SweepConfig) -> SearchSpace:
    """Open the data, build the metric and try networks of the space; return the space.

    Raises:
        ConfigError: if a spec cannot be carried out.
        GanModelsError: if the data or the metric cannot be used; names the file.
    """
    space = resolve_space(config)
    yardstick = open_yardstick(config.data, config.evaluation.features)
    for split in (Split.SELECT, Split.CERTIFY):
        yardstick.reference(split)
    _check_sample_count(config, yardstick)
    rng = random.Random(config.search.seed)
    for _ in range(_NUM_PROBES):
        check_params(space.sample(rng), yardstick.splits.sample)
    return space


def check_same_measure(
    config: SweepConfig, evaluations: Iterable[Evaluation], *, seed: int
) -> None:
    """Refuse to add scores, taken on the latents of ``seed``, to scores of another protocol.

    Raises:
        ConfigError: if data, features or another part of the protocol is not what it was.
    """
    now = open_yardstick(config.data, config.evaluation.features).protocol(
        Split.SELECT, n_fake=config.evaluation.samples, seed=seed
    )
    before = {row.protocol for row in evaluations} - {now}
    if before:
        raise ConfigError(
            f"protocol {now}: the scores so far were taken by {', '.join(sorted(before))} and "
            "cannot be compared: the data, sweep.yaml or the version of a library has changed"
        )


def check_params(params: Mapping[str, Any], sample: SampleSpec) -> GanConfig:
    """Return the configuration of one proposal, once its networks were built on trial.

    Raises:
        ConfigError: if a value is impossible, or the network cannot make such samples.
    """
    try:
        gan = GanConfig.from_params(params)
        with torch.device("meta"):  # shapes only: neither memory nor time
            build_generator(gan, sample)
            build_discriminator(gan, sample)
    except GanModelsError as error:
        raise ConfigError(str(error)) from error
    return gan


def _check_sample_count(config: SweepConfig, yardstick: Yardstick) -> None:
    fewest = 2 * (yardstick.reference(Split.SELECT).k + 1)
    if config.evaluation.samples < fewest:
        raise ConfigError(
            f"evaluation.samples = {config.evaluation.samples}: the metric needs at least {fewest}"
        )


def _declared(config: SweepConfig) -> SearchSpace:
    if isinstance(config.space, str):
        return named_space(config.space)
    return SearchSpace.from_mapping(config.space)
