import pytest
import torch
from torch import Tensor, nn

from gan_models.config import GanConfig
from gan_models.training.precision import in_precision

HALF = GanConfig(precision="bfloat16")


@pytest.fixture
def network() -> nn.Sequential:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 1))


def batch() -> Tensor:
    return torch.randn(5, 3, generator=torch.Generator().manual_seed(1))


def test_in_float32_it_is_the_network_itself(network: nn.Sequential) -> None:
    assert in_precision(network, GanConfig()) is network


def test_layers_compute_in_bfloat16_and_the_output_is_float32(network: nn.Sequential) -> None:
    seen: list[torch.dtype] = []
    network[0].register_forward_hook(lambda _, __, output: seen.append(output.dtype))

    output = in_precision(network, HALF)(batch())

    assert seen == [torch.bfloat16]
    assert output.dtype == torch.float32
    torch.testing.assert_close(output, network(batch()), rtol=0.05, atol=0.02)
    assert not torch.equal(output, network(batch()))


def test_weights_and_gradients_stay_float32(network: nn.Sequential) -> None:
    in_precision(network, HALF)(batch()).sum().backward()

    for weight in network.parameters():
        assert weight.dtype == torch.float32
        assert weight.grad is not None
        assert weight.grad.dtype == torch.float32


def test_afterwards_everything_is_full_precision_again(network: nn.Sequential) -> None:
    in_precision(network, HALF)(batch())

    assert not torch.is_autocast_enabled("cpu")
    assert network(batch()).dtype == torch.float32
