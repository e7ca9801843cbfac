"""Every hyperparameter of one GAN training run, as one frozen flat value.

The names here are the names that a search space varies, that a spec pins under ``fixed`` and that
tables and TensorBoard show.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Self

from gan_models.errors import ParameterError, nearest

LOSS_NAMES = ("minimax", "non-saturating", "hinge", "least-squares", "wasserstein")
PENALTY_NAMES = ("none", "r1", "gradient-penalty")
NETWORK_NAMES = ("mlp", "dcgan")
GENERATOR_NORM_NAMES = ("none", "batch")
ROUND_UNITS = ("steps", "epochs")
SHAPING_PARAMS = (  # of the networks: trainings that differ in one cannot share their weights
    "network",
    "width",
    "depth",
    "latent_dim",
    "generator_norm",
    "spectral_norm",
)


def _param(default: Any, doc: str, **limits: Any) -> Any:
    return field(default=default, metadata={"doc": doc, **limits})


@dataclass(frozen=True, kw_only=True)
class GanConfig:
    """Networks, objective, alternation and optimisation of one run.

    Raises:
        ParameterError: if a value is impossible; the message names it and what is allowed.
    """

    network: str = _param("dcgan", "architecture of both networks", choices=NETWORK_NAMES)
    width: int = _param(64, "channels (dcgan: of the widest G layer) or hidden units", low=4)
    depth: int = _param(3, "hidden layers of an mlp; dcgan takes its depth from the image", low=1)
    latent_dim: int = _param(64, "dimensions of z ~ N(0, I)", low=1)
    generator_norm: str = _param(
        "batch", "normalisation inside the dcgan generator", choices=GENERATOR_NORM_NAMES
    )
    spectral_norm: bool = _param(False, "spectral normalisation of every D layer (1802.05957)")

    d_loss: str = _param("non-saturating", "loss of D", choices=LOSS_NAMES)
    g_loss: str = _param("non-saturating", "loss of G", choices=LOSS_NAMES)
    penalty: str = _param("r1", "gradient penalty on D", choices=PENALTY_NAMES)
    r1_gamma: float = _param(1.0, "weight of R1 (1801.04406), where penalty is r1", low=0.0)
    gp_weight: float = _param(
        10.0, "weight of the WGAN penalty (1704.00028), where penalty is gradient-penalty", low=0.0
    )

    batch_size: int = _param(64, "images in one D or G update", low=2)
    d_steps: int = _param(1, "D updates (or epochs) in a round", low=1)
    g_steps: int = _param(1, "G updates (or epochs) in a round", low=1)
    round_unit: str = _param("steps", "what d_steps and g_steps count", choices=ROUND_UNITS)

    d_lr: float = _param(2e-4, "Adam's learning rate for D", above=0.0)
    g_lr: float = _param(2e-4, "Adam's learning rate for G", above=0.0)
    beta1: float = _param(0.5, "Adam's beta1 for both", low=0.0, below=1.0)
    beta2: float = _param(0.99, "Adam's beta2 for both", low=0.0, below=1.0)
    ema_half_life_kimg: float = _param(
        1.0, "half-life of the moving average of G in thousands of images; 0 turns it off", low=0.0
    )

    def __post_init__(self) -> None:
        for spec in fields(self):
            _check(spec.name, getattr(self, spec.name), type(spec.default), dict(spec.metadata))

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> Self:
        """Build from a flat mapping; parameters that are not named keep their default.

        Raises:
            ParameterError: on an unknown name or an impossible value.
        """
        known = {spec.name for spec in fields(cls)}
        for name in params:
            if name not in known:
                raise ParameterError(f"unknown parameter '{name}': {nearest(name, known)}")
        return cls(**params)

    def to_params(self) -> dict[str, Any]:
        """Return every parameter with its value."""
        return asdict(self)


def parameter_docs() -> dict[str, str]:
    """Return each parameter's name with one line on what it is."""
    return {spec.name: str(spec.metadata["doc"]) for spec in fields(GanConfig)}


def _check(name: str, value: Any, kind: type, limits: dict[str, Any]) -> None:
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    fits = is_whole or isinstance(value, float) if kind is float else type(value) is kind
    if not fits:
        raise ParameterError(f"{name} = {value!r}: must be of type {kind.__name__}")
    choices = limits.get("choices")
    if choices and value not in choices:
        raise ParameterError(f"{name} = '{value}': {nearest(value, choices)}")
    if "low" in limits and not value >= limits["low"]:
        raise ParameterError(f"{name} = {value}: must be at least {limits['low']}")
    if "above" in limits and not value > limits["above"]:
        raise ParameterError(f"{name} = {value}: must be greater than {limits['above']}")
    if "below" in limits and not value < limits["below"]:
        raise ParameterError(f"{name} = {value}: must be less than {limits['below']}")
    if value in (float("inf"), float("-inf")):
        raise ParameterError(f"{name} = {value}: must be finite")
