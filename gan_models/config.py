"""Every hyperparameter of one GAN training run, as one frozen flat value.

The names here are the names that a search space varies, that a spec pins under ``fixed`` and that
tables and TensorBoard show.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Self

from gan_models.errors import ParameterError, nearest
from gan_models.limits import check_limits
from gan_models.plugins import LOSSES, NETWORKS

LOSS_NAMES = (
    "minimax",
    "non-saturating",
    "hinge",
    "least-squares",
    "wasserstein",
    "relativistic",
)
LABELLED_LOSS_NAMES = ("minimax", "non-saturating", "least-squares")  # D aims at 1 and 0
UNCENTRED_LOSS_NAMES = ("wasserstein", "relativistic")  # no logit means undecided
PENALTY_NAMES = ("none", "r1", "r2", "r1+r2", "gradient-penalty", "dragan")
SCHEDULE_NAMES = ("constant", "linear", "cosine")
PRECISION_NAMES = ("float32", "bfloat16")
NETWORK_NAMES = ("mlp", "dcgan", "resnet", "r3gan", "style")
MIN_WIDTH = 4
GENERATOR_NORM_NAMES = ("none", "batch")
CONDITIONING_NAMES = ("none", "concat", "projection", "auxiliary")
ROUND_UNITS = ("steps", "epochs")
AUGMENT_NAMES = ("none", "diff", "ada")
AUGMENTATION_NAMES = ("colour", "flip", "rotation", "translation", "cutout")
MINIBATCH_NAMES = ("none", "discrimination", "stddev")
MAX_PACK, MAX_UNROLL_STEPS = 4, 8  # the papers went to 4 and 10; beyond, cost outgrows use
SHAPING_PARAMS = (  # of the networks: trainings that differ in one cannot share their weights
    "network",
    "width",
    "depth",
    "latent_dim",
    "generator_norm",
    "spectral_norm",
    "d_width",
    "pack",
    "minibatch",
    "conditioning",
)
_NOT_UNROLLED = ("weight_clip", "d_orthogonal", "grad_clip_norm")
_UNROLLED_PENALTIES = ("none", "r1")  # of the real batch alone: G has no say in them


def _param(default: Any, doc: str, **limits: Any) -> Any:
    return field(default=default, metadata={"doc": doc, **limits})


@dataclass(frozen=True, kw_only=True)
class GanConfig:
    """Networks, objective, alternation and optimisation of one run.

    Raises:
        ParameterError: if a value is impossible; the message names it and what is allowed.
    """

    network: str = _param(
        "dcgan", "architecture of both networks", choices=NETWORK_NAMES, group=NETWORKS
    )
    width: int = _param(64, "channels (of the widest layers) or hidden units", low=MIN_WIDTH)
    depth: int = _param(
        3, "layers of an mlp, or of style's mapping; blocks at each size of r3gan", low=1
    )
    latent_dim: int = _param(64, "dimensions of z ~ N(0, I)", low=1)
    generator_norm: str = _param(
        "batch",
        "normalisation inside the generator of dcgan and resnet",
        choices=GENERATOR_NORM_NAMES,
    )
    spectral_norm: bool = _param(False, "spectral normalisation of every D layer (1802.05957)")

    d_width: int = _param(
        0, "width of D, where it is not that of G; 0: the same width", low_or_0=MIN_WIDTH
    )

    pack: int = _param(
        1, "samples that D judges at once (PacGAN, 1712.04086); 1: one by one", low=1, high=MAX_PACK
    )
    minibatch: str = _param(
        "none",
        "what D sees of a sample's neighbours: distances (1606.03498) or spread (1710.10196)",
        choices=MINIBATCH_NAMES,
    )
    minibatch_group: int = _param(
        4, "samples (packs) that D compares, where minibatch is not none", low=2
    )
    unroll_steps: int = _param(
        0, "D updates that G looks ahead (1611.02163); 0: none", low=0, high=MAX_UNROLL_STEPS
    )
    replay_frac: float = _param(
        0.0, "share of D's fakes that pass a pool of older ones (1612.07828)", low=0.0, below=1.0
    )
    replay_size: int = _param(512, "fakes in that pool, where replay_frac is above 0", low=1)
    conditioning: str = _param(
        "none",
        "how G and D know the class: concat (1411.1784), projection (1802.05637), "
        "auxiliary (1610.09585)",
        choices=CONDITIONING_NAMES,
    )
    auxiliary_weight: float = _param(
        1.0, "weight of D's classification loss, where conditioning is auxiliary", low=0.0
    )

    d_loss: str = _param("non-saturating", "loss of D", choices=LOSS_NAMES, group=LOSSES)
    g_loss: str = _param("non-saturating", "loss of G", choices=LOSS_NAMES, group=LOSSES)
    real_label_smoothing: float = _param(
        0.0,
        "D aims at 1 minus this for reals: one-sided smoothing (1606.03498)",
        low=0.0,
        below=0.5,
    )
    fake_label_smoothing: float = _param(
        0.0, "D aims at this for fakes: with the one above, two-sided", low=0.0, below=0.5
    )
    penalty: str = _param("r1", "gradient penalty on D", choices=PENALTY_NAMES)
    r1_gamma: float = _param(
        1.0, "weight of R1 (1801.04406), where penalty is r1 or r1+r2", low=0.0
    )
    r2_gamma: float = _param(
        1.0, "weight of R2 (1801.04406), where penalty is r2 or r1+r2", low=0.0
    )
    gp_weight: float = _param(
        10.0,
        "weight of what holds D's slope at 1, where penalty is gradient-penalty (1704.00028) "
        "or dragan (1705.07215)",
        low=0.0,
    )
    dragan_std: float = _param(
        0.5, "how far from real samples dragan looks; images span -1 to 1", above=0.0
    )
    penalty_interval: int = _param(
        1, "the penalty joins every so many D updates, as many times as heavy (1912.04958)", low=1
    )
    d_orthogonal: float = _param(
        0.0, "weight of orthogonal regularisation of D (1809.11096)", low=0.0
    )
    g_orthogonal: float = _param(
        0.0, "weight of orthogonal regularisation of G (1809.11096)", low=0.0
    )
    weight_clip: float = _param(
        0.0, "D's weights are kept within plus or minus this (1701.07875); 0 is off", low=0.0
    )

    augment: str = _param(
        "none",
        "D sees images changed at random: all of them (diff, 2006.10738), or as many as keep it "
        "from learning them by heart (ada, 2006.06676)",
        choices=AUGMENT_NAMES,
    )
    augment_policy: str = _param(
        "auto",
        f"how images may be changed: some of {', '.join(AUGMENTATION_NAMES)}, joined by +; auto: "
        "all of them with ada, else without flip and rotation",
        parts=AUGMENTATION_NAMES,
    )
    ada_target: float = _param(
        0.6, "where ada keeps the mean sign of D on reals: lower changes more", low=0.0, below=1.0
    )
    ada_kimg: float = _param(
        500.0, "thousands of images in which ada can go from changing none to all", above=0.0
    )
    consistency_weight: float = _param(
        0.0, "weight of D's change under changes of its reals (1910.12027); 0 is off", low=0.0
    )
    balanced_consistency: bool = _param(
        False, "the same of its fakes (2002.04724), where consistency_weight is above 0"
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
    ema_ramp: float = _param(
        0.0,
        "the half-life is at most this share of the images seen (1912.04958); 0 is off",
        low=0.0,
    )
    lr_schedule: str = _param("constant", "how both learning rates decay", choices=SCHEDULE_NAMES)
    lr_decay_kimg: float = _param(
        0.0,
        "thousands of images until they have decayed, where lr_schedule is not constant",
        low=0.0,
    )
    lr_floor: float = _param(
        0.01, "share of the learning rates that is left after the decay", low=0.0, high=1.0
    )
    lr_warmup_kimg: float = _param(
        0.0, "thousands of images in which the learning rates grow to full; 0 is off", low=0.0
    )
    grad_clip_norm: float = _param(
        0.0, "gradients of a network are scaled down to this norm; 0 is off", low=0.0
    )
    precision: str = _param(
        "float32",
        "what D and G compute in; weights and penalties stay float32",
        choices=PRECISION_NAMES,
    )

    def __post_init__(self) -> None:
        for spec in fields(self):
            check_limits(
                spec.name, getattr(self, spec.name), type(spec.default), dict(spec.metadata)
            )
        for contradiction in _contradictions(self):
            raise ParameterError(contradiction)
        _check_discriminator_input(self)
        _check_loop(self)
        _check_conditioning(self)

    @property
    def samples_judged_together(self) -> int:
        """How many samples one logit of D may depend on: whole batches are multiples of it."""
        return self.pack * (1 if self.minibatch == "none" else self.minibatch_group)

    @property
    def augmentations(self) -> tuple[str, ...]:
        """What ``augment_policy`` stands for."""
        if self.augment_policy != "auto":
            return tuple(self.augment_policy.split("+"))
        return AUGMENTATION_NAMES if self.augment == "ada" else ("colour", "translation", "cutout")

    @property
    def num_replayed(self) -> int:
        """How many of D's fakes in an update pass the pool of older ones."""
        together = self.samples_judged_together
        return round(self.replay_frac * self.batch_size) // together * together

    @property
    def replay_capacity(self) -> int:
        """How many fakes the pool holds: ``replay_size`` in whole exchanges."""
        return self.replay_size // max(1, self.num_replayed) * self.num_replayed

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


def check_value(name: str, value: Any) -> None:
    """Check one parameter for itself, whatever the others are.

    Raises:
        ParameterError: on an unknown name or a value that no configuration can have.
    """
    known = {spec.name: spec for spec in fields(GanConfig)}
    if name not in known:
        raise ParameterError(f"unknown parameter '{name}': {nearest(name, known)}")
    check_limits(name, value, type(known[name].default), dict(known[name].metadata))


def _contradictions(config: GanConfig) -> Iterator[str]:
    """Say what cannot work together, naming both values and the way out."""
    yield from _loss_contradictions(config)
    yield from _schedule_contradictions(config)


def _loss_contradictions(config: GanConfig) -> Iterator[str]:
    d_loss, g_loss = config.d_loss, config.g_loss
    if (d_loss == "relativistic") is not (g_loss == "relativistic"):
        yield (
            f"d_loss = '{d_loss}' with g_loss = '{g_loss}': "
            "pairs of samples are compared by both networks or by none: set both to relativistic"
        )
    if d_loss == "wasserstein" and g_loss not in ("wasserstein", "hinge"):
        yield (
            f"d_loss = 'wasserstein' with g_loss = '{g_loss}': "
            "a critic gives values, not labels: set g_loss to wasserstein"
        )
    if d_loss == "wasserstein" and not _is_lipschitz(config):
        yield (
            f"d_loss = 'wasserstein' with penalty = '{config.penalty}': nothing keeps the critic "
            "Lipschitz: take the gradient-penalty, weight_clip or spectral_norm"
        )
    if config.augment == "ada" and d_loss in UNCENTRED_LOSS_NAMES:
        yield (
            f"augment = 'ada' with d_loss = '{d_loss}': it adapts by the sign of D's values, which "
            "have no zero here; take augment = 'diff'"
        )
    for name in ("real_label_smoothing", "fake_label_smoothing"):
        if getattr(config, name) and d_loss not in LABELLED_LOSS_NAMES:
            yield (
                f"{name} = {getattr(config, name)} with d_loss = '{d_loss}': "
                f"it has no labels; {', '.join(LABELLED_LOSS_NAMES)} have"
            )


def _is_lipschitz(config: GanConfig) -> bool:
    return config.penalty != "none" or config.weight_clip > 0 or config.spectral_norm


def _schedule_contradictions(config: GanConfig) -> Iterator[str]:
    if config.lr_schedule != "constant" and not config.lr_decay_kimg > config.lr_warmup_kimg:
        yield (
            f"lr_decay_kimg = {config.lr_decay_kimg} with lr_schedule = '{config.lr_schedule}': "
            f"must be greater than lr_warmup_kimg = {config.lr_warmup_kimg}"
        )


def _check_discriminator_input(config: GanConfig) -> None:
    if config.batch_size % config.pack:
        raise ParameterError(
            f"pack = {config.pack}: must divide batch_size = {config.batch_size} into whole packs"
        )
    if config.batch_size % config.samples_judged_together:
        raise ParameterError(
            f"minibatch_group = {config.minibatch_group}: must divide the "
            f"{config.batch_size // config.pack} that batch_size = {config.batch_size} and "
            f"pack = {config.pack} leave, where minibatch = '{config.minibatch}'"
        )
    if config.minibatch == "discrimination" and config.penalty == "gradient-penalty":
        raise ParameterError(
            "minibatch = 'discrimination' with penalty = 'gradient-penalty': a slope of 1 means "
            "nothing where a logit depends on the whole group; take stddev, or penalty r1 or none"
        )


def _check_loop(config: GanConfig) -> None:
    for name in _NOT_UNROLLED:
        if config.unroll_steps and getattr(config, name):
            raise ParameterError(
                f"unroll_steps = {config.unroll_steps} with {name} = {getattr(config, name)}: G "
                "cannot look ahead at that part of D's updates; set one of them to 0"
            )
    if config.unroll_steps and config.penalty not in _UNROLLED_PENALTIES:
        raise ParameterError(
            f"unroll_steps = {config.unroll_steps} with penalty = '{config.penalty}': unrolled "
            f"updates of D can have penalty {' or '.join(_UNROLLED_PENALTIES)}"
        )
    if config.replay_frac and not config.num_replayed:
        raise ParameterError(
            f"replay_frac = {config.replay_frac}: of batch_size = {config.batch_size} that is less "
            f"than the {config.samples_judged_together} that D judges together"
        )
    if config.replay_frac and config.replay_size < config.num_replayed:
        raise ParameterError(
            f"replay_size = {config.replay_size}: must hold the {config.num_replayed} fakes that "
            f"replay_frac = {config.replay_frac} exchanges in an update"
        )


def _check_conditioning(config: GanConfig) -> None:
    if config.conditioning == "none":
        return
    if config.pack > 1:
        raise ParameterError(
            f"conditioning = '{config.conditioning}' with pack = {config.pack}: a pack is of no "
            "one class; take pack = 1, or conditioning = 'none'"
        )
    if config.replay_frac:
        raise ParameterError(
            f"conditioning = '{config.conditioning}' with replay_frac = {config.replay_frac}: "
            "former fakes are of other classes than the batch; take replay_frac = 0"
        )
