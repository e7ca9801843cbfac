"""What all scores of a sweep are measured by, and that it stays one measure."""

import json
from collections.abc import Iterable

from gan_models.data.dataset import Split
from gan_models.errors import MetricError
from gan_models.files import write_json
from gan_models.metrics.protocol import Protocol, check_comparable
from orchestrator.config.model import SweepConfig
from orchestrator.errors import ConfigError
from orchestrator.paths import RunPaths
from orchestrator.preflight import open_measure
from orchestrator.records import Evaluation
from orchestrator.trial.order import evaluation_seed


def check_same_measure(
    config: SweepConfig, paths: RunPaths, evaluations: Iterable[Evaluation]
) -> None:
    """Refuse to add scores to scores of another protocol; keep the protocol for later to ask.

    Raises:
        ConfigError: if data, features or another part of the protocol is not what it was; names
            the parts.
    """
    now = sweep_protocol(config)
    if paths.protocol.exists():
        _check_comparable(now, paths)
    strange = {row.protocol for row in evaluations} - {now.hash}
    if strange:
        raise ConfigError(
            f"protocol {now.hash}: scores in {paths.root} were taken by "
            f"{', '.join(sorted(strange))} and cannot be compared: the data, sweep.yaml or the "
            "feature network has changed"
        )
    write_json(paths.protocol, now.to_mapping())


def sweep_protocol(config: SweepConfig) -> Protocol:
    """Return what the scores of every trial of a sweep depend on.

    Raises:
        GanModelsError: if the data or the features cannot be used.
    """
    return open_measure(config).protocol(
        Split.SELECT, n_fake=config.evaluation.samples, seed=evaluation_seed(config)
    )


def _check_comparable(now: Protocol, paths: RunPaths) -> None:
    try:
        before = json.loads(paths.protocol.read_text(encoding="utf-8"))
        check_comparable(now.to_mapping(), before)
    except MetricError as error:
        raise ConfigError(
            f"{paths.protocol}: {error}; the data, sweep.yaml or the feature network has changed"
        ) from error
    except ValueError as error:
        raise ConfigError(f"{paths.protocol}: not a protocol ({error}); remove it") from error
