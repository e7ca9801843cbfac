"""Which generator a folder stands for: its own, or the one that a sweep hands over."""

from pathlib import Path

from gan_models.errors import CheckpointError
from gan_models.factories import look_in
from gan_models.model_folder import DESCRIPTION_FILE, Model, load_model, needs_module
from orchestrator.config.load import load_config
from orchestrator.errors import RunFolderError
from orchestrator.paths import RunPaths


def generator_folder(folder: Path) -> Path | None:
    """Return the model folder that ``folder`` is, or whose sweep it holds; None if it is neither.

    Raises:
        RunFolderError: if it is the run folder of a sweep that has not selected a generator.
    """
    paths = RunPaths(folder)
    if (folder / DESCRIPTION_FILE).is_file():
        return folder
    if not paths.sweep.is_file():
        return None
    if not (paths.best / DESCRIPTION_FILE).is_file():
        raise RunFolderError(
            f"{folder}: no generator was selected yet: `ganorch resume {folder}` goes on"
        )
    return paths.best


def open_generator(folder: Path) -> Model:
    """Load the generator of a model folder or of a run folder.

    Raises:
        RunFolderError: if a run folder has none yet.
        CheckpointError: if the folder is neither, or the model is damaged.
    """
    found = generator_folder(folder)
    if found is None:
        what = "neither a model folder nor a run folder" if folder.exists() else "no such folder"
        raise CheckpointError(f"{folder}: {what} (no {DESCRIPTION_FILE})")
    if needs_module(found):
        _find_modules(found)
    return load_model(found)


def _find_modules(folder: Path) -> None:
    """Let a user's networks be found where their sweep found them, and in the present folder.

    A model folder has no code: what lies in it is never imported.
    """
    for parent in folder.resolve().parents:
        if RunPaths(parent).sweep.is_file():
            load_config(RunPaths(parent).sweep)
            break
    here = Path.cwd()
    if not here.is_relative_to(folder.resolve()):
        look_in([here])
