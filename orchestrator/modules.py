"""The modules of a user's own in a sweep: recorded when it begins, the same to its end."""

from collections.abc import Iterator

from gan_models.config import LOSS_NAMES, NETWORK_NAMES
from gan_models.errors import FactoryError
from gan_models.factories import check_sources, source_hash, top_module
from gan_models.plugins import DATASETS, LOSSES, NETWORKS, target_of
from orchestrator.config.model import ModulesConfig, SweepConfig
from orchestrator.errors import ConfigError
from search_spaces.domains import Choice
from search_spaces.space import SearchSpace

_KEYS = {
    "network": (NETWORKS, NETWORK_NAMES),
    "d_loss": (LOSSES, LOSS_NAMES),
    "g_loss": (LOSSES, LOSS_NAMES),
}


def record_modules(config: SweepConfig, space: SearchSpace) -> SweepConfig:
    """Return the configuration with a hash of the source of every module that is not ours.

    Raises:
        FactoryError: if a module cannot be found.
    """
    names = sorted({top_module(target) for target in _targets(config, space)})
    hashes = {name: source_hash(name) for name in names}
    modules = ModulesConfig(folders=config.modules.folders, sha256=hashes)
    return config.model_copy(update={"modules": modules})


def check_modules(config: SweepConfig) -> None:
    """Refuse modules that are not what they were when the sweep began.

    Raises:
        ConfigError: naming the first that has changed, or is gone.
    """
    try:
        check_sources(config.modules.sha256)
    except FactoryError as error:
        raise ConfigError(f"{error}: put it back, or begin another sweep") from error


def _targets(config: SweepConfig, space: SearchSpace) -> Iterator[str]:
    """Yield ``module:name`` of everything in a sweep that may be proposed and is not ours."""
    brought = config.source.brought
    named = [(DATASETS, brought)] if brought is not None else []
    for key, (group, ours) in _KEYS.items():
        domains = [each.domain for each in space.parameters if each.name == key]
        options = [value for each in domains if isinstance(each, Choice) for value in each.options]
        values = [*options, *([space.pinned[key]] if key in space.pinned else [])]
        named += [(group, str(value)) for value in values if value not in ours]
    for group, name in named:
        target = target_of(group, name)
        if target is not None:
            yield target
