"""Writing ``best/``, and shipping it elsewhere."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from gan_models.errors import CheckpointError, DamageError
from gan_models.files import whole_folder, write_json, write_text
from gan_models.grids import draw_classes, draw_grid
from gan_models.model_folder import Model, check_model, load_model, seal_model
from gan_models.seeds import derive_seed
from orchestrator.config.model import SweepConfig
from orchestrator.disclosure import disclose
from orchestrator.errors import RunFolderError
from orchestrator.history import SweepHistory
from orchestrator.paths import RunPaths
from orchestrator.wording import format_exploit

NUM_SHOWN = 64


def export_best(config: SweepConfig, paths: RunPaths, history: SweepHistory) -> Path:
    """Write ``best/`` from the selected snapshot: weights, numbers, picture and model card.

    The history must hold a selection and a certificate.

    Raises:
        CheckpointError: if the snapshot does not verify.
    """
    selection, certificate = dict(history.selection or {}), dict(history.certificate or {})
    trial = history.trials[selection["trial_id"]]
    record = trial.record
    inherited = [each for each in trial.exploits if each.nimg < selection["snapshot_nimg"]]
    snapshot = paths.trial(record.trial_id).snapshot(selection["snapshot_nimg"])
    model = _selected(snapshot, paths)
    facts = {
        "sweep": config.name,
        "trial_id": record.trial_id,
        "data": config.source.title,
        "params": model.config.to_params(),
        "seed": record.seed,
        "inherited": [format_exploit(each) for each in inherited],
        "verdict": None if record.verdict is None else record.verdict.value,
        "reason": record.reason,
        "certificate": certificate,
        "selection": selection,
    }
    with whole_folder(paths.best) as draft:
        shutil.copytree(snapshot, draft, dirs_exist_ok=True)
        write_json(draft / "metrics.json", facts)
        _draw(model, seed=derive_seed(config.search.seed, "picture"), to=draft)
        write_text(draft / "README.md", _card({**facts, "modules": config.modules.sha256}, model))
        seal_model(draft)
    return paths.best


def ship(paths: RunPaths, destination: Path) -> Path:
    """Copy ``best/`` to a new folder, whole or not at all.

    Raises:
        RunFolderError: if there is nothing to ship, or the destination exists.
        DamageError: naming the file in ``best/`` that is not what was written.
    """
    if not paths.best.is_dir():
        raise RunFolderError(
            f"{paths.root}: no generator was selected yet: `ganorch resume {paths.root}` goes on"
        )
    if destination.exists():
        raise RunFolderError(f"{destination}: exists already; name a folder that does not")
    try:
        check_model(paths.best)
    except CheckpointError as error:
        mend = f"`ganorch resume {paths.root}` writes {paths.best.name}/ anew"
        raise DamageError(f"{error}: {mend}") from error
    with whole_folder(destination) as draft:
        shutil.copytree(paths.best, draft, dirs_exist_ok=True)
    return destination


def _selected(snapshot: Path, paths: RunPaths) -> Model:
    try:
        return load_model(snapshot)
    except CheckpointError as error:
        mend = f"`ganorch select {paths.root}` chooses anew among the snapshots that verify"
        raise CheckpointError(f"{error}: {mend}") from error


def _draw(model: Model, *, seed: int, to: Path) -> None:
    draw_grid(model.draw(NUM_SHOWN, seed=seed), model.sample).save(to / "samples.png", format="PNG")
    by_class = draw_classes(model, seed=seed)
    if by_class is not None:
        by_class.save(to / "classes.png", format="PNG")


def _card(facts: Mapping[str, Any], model: Model) -> str:
    environment = Environment(
        loader=PackageLoader("orchestrator", "export"),
        undefined=StrictUndefined,
        autoescape=False,  # Markdown, and every value is ours
        trim_blocks=False,
    )
    shape = " x ".join(map(str, model.sample.shape))
    return environment.get_template("card.md.j2").render(
        **facts,
        classes=model.classes.names if model.classes else (),
        shape=shape,
        disclosed=disclose(facts["selection"], facts["certificate"]),
    )
