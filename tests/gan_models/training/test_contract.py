import random
from dataclasses import replace

import numpy as np
import pytest
import torch

from gan_models.config import GanConfig
from gan_models.data.dataset import Dataset
from gan_models.errors import FactoryError, ParameterError
from gan_models.samples import Classes
from gan_models.training.contract import check_built, check_contract, own_parts
from tests.gan_models.datasets import MakeImages
from tests.own_code import LOSS, NETWORKS, OwnCode

PLAIN = GanConfig(width=4, latent_dim=3, batch_size=8)
TRUNK = """
    from gan_models.networks.discriminator import Discriminator as WithHead

    def build(config, sample):
        trunk = nn.Sequential(nn.Flatten(), nn.Linear(sample.num_values, 4), nn.Softplus())
        return WithHead(config, trunk, 4)

    networks = Architecture("own", "with a trunk", Generator, build)
"""
OF_G = "return self.layer(z).tanh().view(-1, *self.shape)"
OF_D = "return self.layers(samples).squeeze(1)"


@pytest.fixture
def real(make_images: MakeImages) -> Dataset:
    return make_images()


def own(own_code: OwnCode, change: tuple[str, str] = ("", "")) -> GanConfig:
    return replace(PLAIN, network=f"{own_code.write(NETWORKS, change=change)}:networks")


def generators() -> tuple[object, ...]:
    return torch.get_rng_state().tolist(), random.getstate(), str(np.random.get_state())


def test_networks_and_a_loss_that_keep_their_promises_pass_and_leave_no_trace(
    own_code: OwnCode, real: Dataset
) -> None:
    module = own_code.write(NETWORKS, LOSS)
    config = replace(
        PLAIN, network=f"{module}:networks", d_loss=f"{module}:loss", g_loss=f"{module}:loss"
    )
    before = generators()
    check_contract(config, real)
    check_contract(replace(config, pack=2, penalty="gradient-penalty"), real)
    check_contract(replace(config, spectral_norm=True, precision="bfloat16"), real)
    assert generators() == before


@pytest.mark.parametrize("conditioning", ["concat", "projection", "auxiliary"])
def test_a_class_joins_own_networks_whose_d_is_of_a_trunk_and_a_head(
    own_code: OwnCode, make_images: MakeImages, conditioning: str
) -> None:
    real = make_images(num_classes=2)
    sample = replace(real.sample, classes=Classes(("a", "b"), (0.5, 0.5)))
    real, plain = replace(real, sample=sample), own(own_code)
    with_trunk = f"{own_code.write(NETWORKS, TRUNK)}:networks"

    check_contract(replace(plain, network=with_trunk, conditioning=conditioning), real)
    with pytest.raises(ParameterError, match="needs a D of a trunk and a linear head"):
        check_contract(replace(plain, conditioning=conditioning), real)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ((OF_G, "return self.layer(z).tanh()"), "generator: gives 8 x 64, must give 8 x 1 x 8 x 8"),
        (
            (OF_G, OF_G + ".double()"),
            "generator: gives torch.float64 on cpu, must be torch.float32",
        ),
        ((OF_G, OF_G + ".to('meta')"), "generator: gives torch.float32 on meta, .* on cpu"),
        ((OF_G, OF_G + "/ 0"), "generator: untrained, it gives values that are not finite"),
        (
            (OF_G, OF_G + " * 0 + 1.5"),
            r"generator: untrained, it gives images from 1.5 to 1.5, must be within \[-1, 1\]",
        ),
        (
            (OF_D, "self.layers[1].bias.data.add_(1); " + OF_D),
            r"discriminator: 'layers.1.bias' changes when it is called: weights are changed by",
        ),
        ((OF_G, "return [z]"), "generator: gives list, must give a tensor"),
        ((OF_G, "return self.layer(z[:, :2])"), r"generator: fails on z of 8 x 3: RuntimeError"),
        ((OF_G, OF_G + ".detach()"), "generator: no gradient reaches it through D: something"),
        ((OF_G, OF_G + ".round()"), "generator: no gradient reaches it through D: something"),
        ((OF_D, "return self.layers(samples)"), "discriminator: gives 8 x 1, must give 8$"),
        ((OF_D, OF_D + ".detach()"), "discriminator: no gradient reaches it: something on the way"),
        (
            ("return self.layer(z)", "return nn.functional.dropout(self.layer(z))"),
            "draws from a global random generator when it is called, as dropout does",
        ),
        (
            ("nn.Softplus(),", "nn.BatchNorm1d(config.width),"),
            "discriminator: a logit depends on other samples of the batch, .*penalty = 'r1'",
        ),
        (
            ("super().__init__()", "super().__init__(); import torch; torch.manual_seed(0)"),
            "generator: every seed gives the same weights: leave the seed to the sweep",
        ),
        (
            (
                "self.shape = sample.shape",
                "self.shape = sample.shape; import numpy as n; "
                "nn.init.constant_(self.layer.bias, n.random.rand())",
            ),
            "generator: equal seeds give different weights: draw them by torch alone",
        ),
        (
            ("(self, config, sample):", "(self, config):"),
            "generator: cannot be built: TypeError: .*takes 2 positional",
        ),
        (
            ('Architecture("own", "one layer", Generator', "Architecture('o', 'd', lambda c, s: 3"),
            "generator: must be built as an nn.Module that has parameters",
        ),
    ],
)
def test_a_broken_promise_is_named_with_what_is_expected(
    own_code: OwnCode, real: Dataset, change: tuple[str, str], message: str
) -> None:
    config = own(own_code, change)
    with pytest.raises(FactoryError, match=f"^network = '{config.network}': .*{message}"):
        check_contract(config, real)


def test_a_network_that_moves_while_it_is_frozen_is_refused(
    own_code: OwnCode, real: Dataset
) -> None:
    source = NETWORKS.replace(OF_D, "self.calls += 1\n            " + OF_D).replace(
        "self.layers = nn.Seq",
        "self.register_buffer('calls', __import__('torch').zeros(()))\n"
        "            self.layers = nn.Seq",
    )
    config = replace(PLAIN, network=f"{own_code.write(source)}:networks")
    with pytest.raises(
        FactoryError, match="discriminator: 'calls' changes while the network is fr"
    ):
        check_contract(config, real)


def test_batch_norm_in_d_goes_without_a_penalty(own_code: OwnCode, real: Dataset) -> None:
    config = own(own_code, ("nn.Softplus(),", "nn.BatchNorm1d(config.width), nn.Softplus(),"))
    check_contract(replace(config, penalty="none"), real)


def test_a_penalty_that_a_network_cannot_be_derived_for_is_found(
    own_code: OwnCode, real: Dataset
) -> None:
    once = """
        import torch
        class Once(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                return x.clone()
            @staticmethod
            @torch.autograd.function.once_differentiable
            def backward(ctx, grad):
                return grad
    """
    name = own_code.write(
        once,
        NETWORKS,
        change=(
            "self.layers(samples)",
            "(Once.apply(samples).flatten(1).sum(1, keepdim=True) * self.layers(samples))",
        ),
    )
    config = replace(PLAIN, network=f"{name}:networks")
    check_contract(replace(config, penalty="none"), real)
    with pytest.raises(FactoryError, match="D's update fails: RuntimeError"):
        check_contract(config, real)


def test_a_builder_may_refuse_a_configuration(own_code: OwnCode, real: Dataset) -> None:
    refuse = "from gan_models.errors import ParameterError; raise ParameterError('width: too much')"
    config = own(own_code, ("super().__init__()", f"super().__init__(); {refuse}"))
    with pytest.raises(ParameterError, match="^width: too much$"):
        check_built(config, real.sample)


def test_what_is_ours_is_not_checked_at_all(real: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    assert own_parts(PLAIN) == ()
    monkeypatch.setattr("gan_models.training.contract.new_state", None)
    check_contract(PLAIN, real)


def test_parts_of_ones_own_are_told_apart_and_sizes_are_not() -> None:
    config = replace(PLAIN, network="m:n")
    assert own_parts(config) == own_parts(replace(config, width=32, g_loss="hinge"))
    assert own_parts(config) != own_parts(replace(config, penalty="none"))
    assert own_parts(config) != own_parts(replace(config, g_loss="m:loss"))
    assert own_parts(replace(PLAIN, d_loss="m:loss")) != own_parts(replace(PLAIN, g_loss="m:loss"))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_what_is_made_on_another_device_is_found(own_code: OwnCode, real: Dataset) -> None:
    check_contract(own(own_code), real, device="cuda")
    config = own(own_code, (OF_G, OF_G + " + __import__('torch').ones(64).view(1, 1, 8, 8)"))
    check_contract(config, real)
    with pytest.raises(FactoryError, match="generator: fails on z of 8 x 3: .*same device"):
        check_contract(config, real, device="cuda")
