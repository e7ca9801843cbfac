"""A generator on disk, ready to sample from: the form that is exported and shared.

The folder holds ``generator.safetensors`` (weights) and ``model.json`` (architecture, sample kind
and shape, checksums of every file). No code and no pickle.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from gan_models.config import GanConfig
from gan_models.errors import CheckpointError, DamageError, FactoryError, ParameterError
from gan_models.factories import is_factory
from gan_models.files import file_sha256
from gan_models.manifest import read_manifest, read_sealed, write_manifest
from gan_models.networks.base import generate
from gan_models.networks.registry import build_generator
from gan_models.samples import Classes, SampleKind, SampleSpec
from gan_models.tensor_file import load_tensors, save_tensors
from gan_models.training.checkpoint import load_weights
from gan_models.training.draws import draw_labels, draw_latents

MODEL_VERSION = 3
_READABLE_VERSIONS = (2, MODEL_VERSION)  # 2 had a checksum of the weights alone
WEIGHTS_FILE = "generator.safetensors"
DESCRIPTION_FILE = "model.json"
_BATCH = 500


@dataclass(frozen=True)
class Model:
    """A generator with what is needed to use it."""

    generator: nn.Module
    config: GanConfig
    sample: SampleSpec

    @property
    def classes(self) -> Classes | None:
        """Which classes it can be asked for; None where it is not conditioned on them."""
        return self.sample.classes if self.config.conditioning != "none" else None

    def draw(self, num: int, *, seed: int) -> Tensor:
        """Return ``num`` samples in stored form on the CPU; ``seed`` alone determines them."""
        return self.sample.decode(self.draw_seen(num, seed=seed)).cpu()

    def draw_seen(self, num: int, *, seed: int) -> Tensor:
        """Return ``num`` samples as a discriminator would see them, on the generator's device."""
        z = draw_latents(num, self.config.latent_dim, seed=seed)
        return self._generate(z, self.labels(num, seed=seed))

    def labels(self, num: int, *, seed: int) -> Tensor | None:
        """Return the classes of the samples that :meth:`draw` returns; None without conditioning.

        They are N int64 on the CPU, drawn by the shares of the classes among the reals.
        """
        return None if self.classes is None else draw_labels(num, self.classes, seed=seed)

    def draw_class(self, name: str, num: int, *, seed: int) -> Tensor:
        """Return ``num`` stored samples of one class, given by its name or else its index.

        Raises:
            ParameterError: if G is not conditioned on classes, or knows none of this name.
        """
        labels = torch.full((num,), self._known_classes().index_of(name))
        z = draw_latents(num, self.config.latent_dim, seed=seed)
        return self.sample.decode(self._generate(z, labels)).cpu()

    def draw_each_class(self, num: int, *, seed: int) -> Tensor:
        """Return ``num`` stored samples of each class, one class after the other.

        The classes share their latents: the n-th samples differ in nothing but the class.

        Raises:
            ParameterError: if G is not conditioned on classes.
        """
        num_classes = len(self._known_classes())
        z = draw_latents(num, self.config.latent_dim, seed=seed).repeat(num_classes, 1)
        labels = torch.arange(num_classes).repeat_interleave(num)
        return self.sample.decode(self._generate(z, labels)).cpu()

    @torch.no_grad()
    def _generate(self, z: Tensor, labels: Tensor | None) -> Tensor:
        device = next(self.generator.parameters()).device
        batches = [
            generate(
                self.generator,
                z[start : start + _BATCH].to(device),
                None if labels is None else labels[start : start + _BATCH].to(device),
            )
            for start in range(0, len(z), _BATCH)
        ]
        return torch.cat(batches)

    def _known_classes(self) -> Classes:
        if self.classes is None:
            raise ParameterError(
                "the generator was trained with conditioning = 'none': "
                "it knows no classes and cannot be asked for one"
            )
        return self.classes


def save_model(folder: Path, model: Model, **more: Any) -> None:
    """Write a model into an existing folder; ``more`` is kept beside it in ``model.json``."""
    save_tensors(model.generator.state_dict(), folder / WEIGHTS_FILE)
    description = {
        "version": MODEL_VERSION,
        "sample": _describe(model),
        "params": model.config.to_params(),
        **more,
    }
    write_manifest(folder / DESCRIPTION_FILE, description)


def _describe(model: Model) -> dict[str, Any]:
    kind = {"kind": model.sample.kind.value, "shape": list(model.sample.shape)}
    classes = model.classes
    if classes is None:
        return kind
    return {**kind, "classes": {"names": list(classes.names), "shares": list(classes.shares)}}


def seal_model(folder: Path) -> None:
    """Let ``model.json`` vouch for every file that was put beside the model since."""
    description = _read_description(folder)
    description.pop("files", None)
    description.pop("sha256", None)
    write_manifest(folder / DESCRIPTION_FILE, description | {"version": MODEL_VERSION})


def check_model(folder: Path) -> None:
    """Check that every file of a model folder is what was written.

    Raises:
        CheckpointError: if it is no model folder, or of an unknown version.
        DamageError: naming the first file that is missing or has changed.
    """
    if _read_description(folder)["version"] == MODEL_VERSION:
        read_manifest(folder / DESCRIPTION_FILE)
    else:
        load_model(folder)


def load_model(folder: Path, *, device: torch.device | str = "cpu") -> Model:
    """Read a model folder, in evaluation mode.

    Raises:
        CheckpointError: if the folder is not a model, is torn, or is of an unknown version.
    """
    description, weights = _read_description(folder), folder / WEIGHTS_FILE
    if description["version"] == MODEL_VERSION:
        read_manifest(folder / DESCRIPTION_FILE, only=[WEIGHTS_FILE])
    elif not weights.is_file() or file_sha256(weights) != description.get("sha256"):
        raise DamageError(f"{weights}: missing or damaged (its checksum does not match)")
    model = _build_untrained(description, path=folder / DESCRIPTION_FILE)
    load_weights(model.generator, load_tensors(weights), path=weights)
    model.generator.to(device).eval().requires_grad_(False)
    return model


def needs_module(folder: Path) -> bool:
    """Say whether the networks of a model are of a module that its user must bring.

    Raises:
        CheckpointError: if the folder is not a model, or of an unknown version.
    """
    return is_factory(_read_description(folder).get("params", {}).get("network"))


def _build_untrained(description: Mapping[str, Any], *, path: Path) -> Model:
    try:
        config = GanConfig.from_params(description["params"])
        kind, shape = description["sample"]["kind"], description["sample"]["shape"]
        sample = SampleSpec(SampleKind(kind), tuple(shape), _classes(description["sample"]))
        return Model(build_generator(config, sample), config, sample)
    except KeyError as error:
        raise CheckpointError(f"{path}: has no {error}") from error
    except FactoryError as error:
        raise CheckpointError(f"{path.parent}: holds weights, and no code: {error}") from error
    except (TypeError, ValueError) as error:
        raise CheckpointError(f"{path}: describes no model ({error})") from error


def _classes(sample: Mapping[str, Any]) -> Classes | None:
    values = sample.get("classes")
    return None if values is None else Classes(tuple(values["names"]), tuple(values["shares"]))


def _read_description(folder: Path) -> dict[str, Any]:
    path = folder / DESCRIPTION_FILE
    try:
        description: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CheckpointError(f"{folder}: not a model folder (no {DESCRIPTION_FILE})") from error
    except ValueError as error:
        raise CheckpointError(f"{path}: not JSON ({error})") from error
    version = description.get("version") if isinstance(description, dict) else None
    if version not in _READABLE_VERSIONS:
        raise CheckpointError(f"{path}: version {version}, but this program reads {MODEL_VERSION}")
    if version == MODEL_VERSION:
        read_sealed(path)
    return description
