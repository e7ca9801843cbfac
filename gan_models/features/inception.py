"""Inception-2015 as torch-fidelity has it: the network that published FIDs are measured by.

An optional extra, with the weights in a local file. Images of any size are given as 8 bits; the
network resizes them to 299 x 299 as TensorFlow 1 did.
"""

from functools import partial
from importlib import import_module
from pathlib import Path
from types import ModuleType

import torch
from torch import nn

from gan_models.errors import MetricError
from gan_models.features.pretrained import (
    PretrainedFeatures,
    PretrainedNetwork,
    gist,
    on_fastest_device,
)
from gan_models.features.pretrained_rules import PretrainedRules
from gan_models.features.weights_only import weights_only_loads
from gan_models.files import file_sha256
from gan_models.samples import SampleSpec

_KIND = "inception"
_LAYER = "2048"  # the pooled features

_WEIGHTS = (
    "weights-inception-2015-12-05-6726825d.pth, from the releases of "
    "github.com/toshas/torch-fidelity (v0.2.0)"
)


def inception_features(file: Path, sample: SampleSpec) -> PretrainedFeatures:
    """Load the weights and try the network on samples of this shape.

    Raises:
        MetricError: if torch-fidelity is not installed, or the file of weights is missing or
            broken; says what to install or to put where.
    """
    fidelity = _import_fidelity()
    if not file.is_file():
        place = "" if file.is_absolute() else f" in {Path.cwd()}"
        raise MetricError(f"{file}: no such file{place}; put the weights here: {_WEIGHTS}")
    return on_fastest_device(partial(_network, fidelity, file), sample)


def _import_fidelity() -> ModuleType:
    try:
        return import_module("torch_fidelity")
    except ModuleNotFoundError as error:
        raise MetricError(
            f"features = 'inception': {error.name} is not installed; "
            "pip install 'gan-orchestrator[inception]'"
        ) from error
    except Exception as error:  # torchvision, of another build than torch, raises RuntimeError
        raise MetricError(
            f"features = 'inception': torch-fidelity cannot be imported ({gist(error)}); "
            "install a torchvision that was built for this torch"
        ) from error


def _network(fidelity: ModuleType, file: Path, device: torch.device) -> PretrainedNetwork:
    try:
        with weights_only_loads():
            network: nn.Module = fidelity.FeatureExtractorInceptionV3(
                _KIND, [_LAYER], feature_extractor_weights_path=str(file)
            )
        network = network.eval().to(device)
    except Exception as error:  # what a broken file sets off has many types
        raise MetricError(
            f"{file}: not Inception's weights ({gist(error)}); needed: {_WEIGHTS}"
        ) from error
    return PretrainedNetwork(
        kind=_KIND,
        file=file,
        compute=lambda images: network(images)[0],
        rules=PretrainedRules(),
        identity={"sha256": file_sha256(file), "torch_fidelity": str(fidelity.__version__)},
        device=device,
    )
