"""Checkpoints: the full state on disk, whole or not at all, verified when it is read.

A checkpoint is a folder with ``state.safetensors`` and ``checkpoint.json``; the latter is written
last, and holds the progress, the configuration and the checksums. A checkpoint that does not verify
is passed over for the one before, and can be put aside.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor, nn
from torch.optim import Optimizer

from gan_models.config import GanConfig
from gan_models.errors import CheckpointError, DamageError
from gan_models.files import check_space, discard, file_sha256, put_aside, whole_folder
from gan_models.manifest import read_manifest, write_manifest
from gan_models.tensor_file import load_tensors, save_tensors
from gan_models.training.former_names import trunk_and_head
from gan_models.training.state import TrainState

CHECKPOINT_VERSION = 3
_READABLE_VERSIONS = (2, CHECKPOINT_VERSION)  # 2 had one checksum in place of a manifest
TENSORS_FILE = "state.safetensors"
MANIFEST_FILE = "checkpoint.json"
_PREFIX = "checkpoint-"
_REPLAY = "replay/fakes"
_ADA = "ada/memory"
_NUM_KEPT = 2  # the one before the last serves if the last is damaged


def save_checkpoint(
    folder: Path, state: TrainState, config: GanConfig, *, keep_nimg: int | None = None
) -> Path:
    """Write the state under ``folder``; return its own folder.

    Drops all but the last two, and the one at ``keep_nimg`` images if that is given.

    Raises:
        StorageError: if there is no room for it; nothing is written then.
    """
    path, tensors = folder / _name(state.nimg), _to_tensors(state)
    facts = {
        "version": CHECKPOINT_VERSION,
        "nimg": state.nimg,
        "step": state.step,
        "config": config.to_params(),
    }
    with whole_folder(path) as draft:
        check_space(draft, sum(tensor.nbytes for tensor in tensors.values()))
        save_tensors(tensors, draft / TENSORS_FILE)
        write_manifest(draft / MANIFEST_FILE, facts)
    for old in checkpoints(folder)[:-_NUM_KEPT]:
        if keep_nimg is None or old.name != _name(keep_nimg):
            discard(old)
    return path


def put_aside_damaged(folder: Path) -> list[Path]:
    """Rename the checkpoints that do not verify, the latest first, until one does.

    Returns:
        Their new names.
    """
    damaged = []
    for path in reversed(checkpoints(folder)):
        if _read_verified(path) is not None:
            break
        damaged.append(put_aside(path))
    return damaged


def put_aside_after(folder: Path, nimg: int) -> list[Path]:
    """Rename the checkpoints of more than ``nimg`` images, the latest first; return new names."""
    return [put_aside(path) for path in reversed(checkpoints(folder)) if path.name > _name(nimg)]


def drop_checkpoints_after(folder: Path, nimg: int) -> None:
    """Remove the checkpoints of more than ``nimg`` images, the latest first."""
    for path in reversed(checkpoints(folder)):
        if path.name > _name(nimg):
            discard(path)


def drop_checkpoints_before(folder: Path, nimg: int) -> None:
    """Remove the checkpoints of fewer than ``nimg`` images, the earliest first."""
    for path in checkpoints(folder):
        if path.name < _name(nimg):
            discard(path)


def latest_nimg(folder: Path) -> int:
    """Return after how many images the latest checkpoint was taken; -1 if there is none."""
    found = checkpoints(folder)
    return int(found[-1].name.removeprefix(_PREFIX)) if found else -1


def restore_latest(folder: Path, state: TrainState, config: GanConfig) -> bool:
    """Bring ``state`` to the latest checkpoint under ``folder`` that verifies.

    Returns:
        False if there is none to restore; the state is then untouched.

    Raises:
        CheckpointError: if a checkpoint is of another configuration, version or kind of sample.
    """
    for path in reversed(checkpoints(folder)):
        manifest = _read_verified(path)
        if manifest is None:
            continue
        _refuse_other_run(path, manifest, config)
        _from_tensors(state, path / TENSORS_FILE)
        state.nimg, state.step = manifest["nimg"], manifest["step"]
        return True
    return False


def load_weights(network: nn.Module, tensors: Mapping[str, Tensor], *, path: Path) -> None:
    """Copy the weights and buffers that ``path`` held into a network.

    Raises:
        CheckpointError: if one is missing, left over or of another shape.
    """
    try:
        network.load_state_dict(tensors)
    except RuntimeError as error:
        name = type(network).__name__
        raise CheckpointError(f"{path}: its weights do not fit the {name} to restore") from error


def _name(nimg: int) -> str:
    return f"{_PREFIX}{nimg:012d}"


def checkpoints(folder: Path) -> list[Path]:
    """Return the folders of all checkpoints, the earliest first, whole or not."""
    return sorted(folder.glob(f"{_PREFIX}*"))


def verified_checkpoint(path: Path) -> dict[str, Any]:
    """Return what a checkpoint says of itself, once all of it is found to be what was saved.

    Raises:
        DamageError: naming the file that is not.
    """
    try:
        return read_manifest(path / MANIFEST_FILE)
    except DamageError:
        former = _read_version_2(path)
        if former is None:
            raise
        return former


def _read_verified(path: Path) -> dict[str, Any] | None:
    try:
        return verified_checkpoint(path)
    except DamageError:
        return None


def _read_version_2(path: Path) -> dict[str, Any] | None:
    try:
        facts: dict[str, Any] = json.loads((path / MANIFEST_FILE).read_text(encoding="utf-8"))
        seal = facts.pop("sha256")
        text = json.dumps(facts, sort_keys=True) + file_sha256(path / TENSORS_FILE)
        is_whole = seal == hashlib.sha256(text.encode()).hexdigest() and facts["version"] == 2
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return facts if is_whole else None


def _refuse_other_run(path: Path, manifest: Mapping[str, Any], config: GanConfig) -> None:
    version, here = manifest["version"], config.to_params()
    # a parameter that did not exist then has now the default that does what was done then
    there = {**GanConfig().to_params(), **manifest["config"]}
    if version not in _READABLE_VERSIONS:
        raise CheckpointError(
            f"{path}: version {version}, but this program reads {CHECKPOINT_VERSION}"
        )
    other = [
        f"{name} = {there.get(name)} there, {here.get(name)} here"
        for name in sorted({*there, *here})
        if there.get(name) != here.get(name)
    ]
    if other:
        raise CheckpointError(f"{path}: belongs to a run with other parameters: {'; '.join(other)}")


def _networks(state: TrainState) -> dict[str, nn.Module]:
    return {"generator": state.generator, "discriminator": state.discriminator, "ema": state.ema}


def _optimizers(state: TrainState) -> dict[str, Optimizer]:
    return {"g_optimizer": state.g_optimizer, "d_optimizer": state.d_optimizer}


def _to_tensors(state: TrainState) -> dict[str, Tensor]:
    tensors: dict[str, Tensor] = {}
    for owner, network in _networks(state).items():
        for name, tensor in network.state_dict().items():
            tensors[f"{owner}/{name}"] = tensor.detach().contiguous()
    for owner, optimizer in _optimizers(state).items():
        for index, moments in optimizer.state_dict()["state"].items():
            for name, tensor in moments.items():
                tensors[f"{owner}/{index}/{name}"] = tensor.detach().contiguous()
    if state.replay is not None and state.replay.fakes is not None:
        tensors[_REPLAY] = state.replay.fakes.contiguous()
    if state.ada is not None:
        tensors[_ADA] = state.ada.memory
    return tensors


def _from_tensors(state: TrainState, path: Path) -> None:
    tensors = load_tensors(path)
    for owner, network in _networks(state).items():
        weights = _owned_by(owner, tensors)
        if owner == "discriminator":
            weights = trunk_and_head(weights, network.state_dict())
        load_weights(network, weights, path=path)
    for owner, optimizer in _optimizers(state).items():
        moments: dict[int, dict[str, Tensor]] = {}
        for key, tensor in _owned_by(owner, tensors).items():
            index, name = key.split("/")
            moments.setdefault(int(index), {})[name] = tensor
        optimizer.load_state_dict({**optimizer.state_dict(), "state": moments})
    if state.replay is not None:
        state.replay.fakes = tensors[_REPLAY].to(state.device) if _REPLAY in tensors else None
    if state.ada is not None and _ADA in tensors:  # a donor may not have had it
        state.ada.memory = tensors[_ADA].to(state.device)


def _owned_by(owner: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    prefix = f"{owner}/"
    return {key[len(prefix) :]: tensors[key] for key in tensors if key.startswith(prefix)}
