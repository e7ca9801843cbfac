"""Features of a scripted, traced or exported network in a file.

Any network of images will do: the public Inception-2015 (``inception-2015-12-05.pt``, published
with NVIDIA's StyleGAN repositories) or an export of DINOv2, say. What it takes is stated beside it,
see :mod:`gan_models.features.pretrained_rules`. Without such a statement it gets 8-bit images of
3 channels at the size they have, and ``return_features=True`` if it knows that argument, which is
what NVIDIA's detectors take.

Such a file is a program: use one only from where you would take a program. It is loaded without
Python's pickle.
"""

import warnings
import zipfile
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch.export.passes import move_to_device_pass

from gan_models.errors import MetricError
from gan_models.features.pretrained import (
    PretrainedFeatures,
    PretrainedNetwork,
    gist,
    on_fastest_device,
)
from gan_models.features.pretrained_rules import read_rules
from gan_models.features.weights_only import weights_only_loads
from gan_models.files import file_sha256
from gan_models.samples import SampleSpec

_KIND = "torchscript"

_HOW_TO_GET_ONE = (
    "put a network here that torch.jit.save or torch.export.save wrote: the usual one is "
    "inception-2015-12-05.pt, which github.com/NVlabs/stylegan2-ada-pytorch names under metrics/"
)

# An entry of each archive that the other, and one of weights alone, does not have.
_SCRIPTED_ENTRY = "/constants.pkl"
_EXPORTED_ENTRIES = ("/models/model.json", "serialized_exported_program.json")

Loaded = tuple[Callable[..., Any], dict[str, Any]]  # the network, and its named arguments


def torchscript_features(file: Path, sample: SampleSpec) -> PretrainedFeatures:
    """Load a network and try it on samples of this shape.

    Raises:
        MetricError: naming the file, if it is missing or broken, or the network or its rules
            do not fit the samples.
    """
    load = _loader(file)
    return on_fastest_device(partial(_network, file, load), sample)


def _network(
    file: Path, load: Callable[[Path, torch.device], Loaded], device: torch.device
) -> PretrainedNetwork:
    rules = read_rules(file)
    try:
        with weights_only_loads():
            network, arguments = load(file, device)
    except Exception as error:  # what a broken file sets off has many types
        raise MetricError(f"{file}: cannot be loaded ({gist(error)})") from error
    if rules.call is not None:
        arguments = dict(rules.call)
    return PretrainedNetwork(
        kind=_KIND,
        file=file,
        compute=partial(network, **arguments),
        rules=replace(rules, call=arguments),
        identity={"sha256": file_sha256(file)},
        device=device,
    )


def _loader(file: Path) -> Callable[[Path, torch.device], Loaded]:
    if not file.is_file():
        place = "" if file.is_absolute() else f" in {Path.cwd()}"
        raise MetricError(f"{file}: no such file{place}; {_HOW_TO_GET_ONE}")
    entries = zipfile.ZipFile(file).namelist() if zipfile.is_zipfile(file) else []
    if any(entry.endswith(_SCRIPTED_ENTRY) for entry in entries):
        return _load_scripted
    if any(entry.endswith(_EXPORTED_ENTRIES) for entry in entries):
        return _load_exported
    raise MetricError(
        f"{file}: neither a TorchScript network nor an exported program (weights alone, or a torn "
        f"download?); {_HOW_TO_GET_ONE}"
    )


def _load_scripted(file: Path, device: torch.device) -> Loaded:
    with warnings.catch_warnings():
        # torch favours torch.export, but the networks that metrics are defined by are TorchScript
        warnings.filterwarnings("ignore", r"`torch\.jit\.load` is dep", DeprecationWarning)
        network = torch.jit.load(file, map_location=device).eval()
    known = {argument.name for argument in network.forward.schema.arguments}
    return network, {"return_features": True} if "return_features" in known else {}


def _load_exported(file: Path, device: torch.device) -> Loaded:
    program = torch.export.load(file)
    if device.type != "cpu":
        program = move_to_device_pass(program, device)
    return program.module(), {}
