"""What may vary in the networks: architecture, size, normalisation."""

from search_spaces.domains import Choice, Integer
from search_spaces.parameter import Parameter

SPECTRAL_NORM = Parameter(
    "spectral_norm",
    Choice((False, True)),
    why="bounds how steep D can get; steadies training and slows D down",
)

CHANNELS = Parameter(
    "width",
    Choice((32, 64, 128)),
    why="channels of the widest layer: more detail, and time that grows with its square",
)
LATENT_DIM = Parameter(
    "latent_dim",
    Choice((32, 64, 128)),
    why="dimensions of z: too few lose variety, more cost little",
)
GENERATOR_NORM = Parameter(
    "generator_norm",
    Choice(("batch", "none")),
    why="batch normalisation speeds G up, and ties the samples of a batch together",
)

DCGAN = (CHANNELS, LATENT_DIM, GENERATOR_NORM, SPECTRAL_NORM)

RESNET = (CHANNELS, LATENT_DIM, GENERATOR_NORM, SPECTRAL_NORM)

R3GAN_WIDTH = Parameter(
    "width",
    Choice((32, 64, 96)),
    why="channels of the widest layer; blocks are twice as wide inside",
)
R3GAN_DEPTH = Parameter(
    "depth",
    Choice((1, 2)),
    why="residual blocks at each size: the paper takes 2, small images may do with 1",
)
MAPPING_DEPTH = Parameter(
    "depth",
    Integer(1, 4),
    why="layers that map z to styles; small data sets need few (2006.06676 takes 2)",
)

# no normalisation of either network: that is what the architecture is about
R3GAN = (R3GAN_WIDTH, R3GAN_DEPTH, LATENT_DIM)

STYLE = (CHANNELS, MAPPING_DEPTH, LATENT_DIM)  # demodulation stands for G's norm, and R1 for D's

MLP_WIDTH = Parameter(
    "width",
    Integer(64, 512, log=True),
    why="hidden units of each layer of both networks",
)
MLP_DEPTH = Parameter("depth", Integer(2, 4), why="hidden layers of both networks")

MLP = (
    MLP_WIDTH,
    MLP_DEPTH,
    Parameter(
        "latent_dim",
        Choice((16, 32, 64, 128)),
        why="dimensions of z: too few lose variety, more cost little",
    ),
    SPECTRAL_NORM,
)

SMALL_MLP = (
    Parameter(
        "width",
        Integer(32, 128, log=True),
        why="hidden units: points in the plane need few",
    ),
    Parameter("depth", Integer(2, 3), why="hidden layers of both networks"),
    Parameter("latent_dim", Choice((2, 8, 32)), why="dimensions of z; the data itself has two"),
)

SMALL_OF_EITHER_KIND = (
    Parameter(
        "network",
        Choice(("dcgan", "mlp")),
        why="convolutions know that neighbouring pixels belong together, an mlp does not",
    ),
    Parameter(
        "width",
        Choice((64, 96)),
        why="channels of the widest layer: 8x8 images need few",
        when={"network": ("dcgan",)},
    ),
    Parameter(
        "width",
        Choice((64, 128, 256)),
        why="hidden units of each layer",
        when={"network": ("mlp",)},
    ),
    SPECTRAL_NORM.under(network=("dcgan",)),  # a small mlp has no slope to spare
)

EVERY_KIND = (  # each with the sizes and the normalisation of its own space
    Parameter(
        "network",
        Choice(("dcgan", "mlp", "resnet", "r3gan", "style")),
        why="small images and budgets need little; deeper networks pay where there is more",
    ),
    CHANNELS.under(network=("dcgan", "resnet", "style")),
    R3GAN_WIDTH.under(network=("r3gan",)),
    MLP_WIDTH.under(network=("mlp",)),
    MLP_DEPTH.under(network=("mlp",)),
    R3GAN_DEPTH.under(network=("r3gan",)),
    MAPPING_DEPTH.under(network=("style",)),
    LATENT_DIM,
    GENERATOR_NORM.under(network=("dcgan", "resnet")),
    SPECTRAL_NORM.under(network=("dcgan", "mlp", "resnet")),
)
