import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from gan_models.objectives.orthogonal import orthogonal
from tests.gan_models.training.small_runs import copy_of, differences


def loops(filters: Tensor) -> float:
    """Return Σ over pairs of other filters of (wᵢ · wⱼ)², pair by pair."""
    return sum(
        float(torch.dot(one, other)) ** 2
        for i, one in enumerate(filters)
        for j, other in enumerate(filters)
        if i != j
    )


@pytest.mark.parametrize(
    ("layer", "filters"),
    [
        (nn.Linear(3, 4), lambda weight: list(weight)),
        (nn.Conv2d(2, 3, 2), lambda weight: [each.flatten() for each in weight]),
        (
            nn.ConvTranspose2d(2, 3, 2),
            lambda weight: [weight[:, each].flatten() for each in range(3)],
        ),
    ],
)
def test_it_is_the_squared_overlap_of_each_two_outputs(layer: nn.Module, filters: object) -> None:
    layer = layer.double()
    weight = layer.get_parameter("weight").detach()

    assert callable(filters)
    expected = loops(torch.stack(filters(weight)))
    assert float(orthogonal(layer).detach()) == pytest.approx(expected, rel=1e-9)


def test_layers_add_up_and_a_single_filter_or_a_bias_has_no_part() -> None:
    one, other, head = nn.Linear(3, 4), nn.Linear(4, 2), nn.Linear(2, 1)

    torch.testing.assert_close(
        orthogonal(nn.Sequential(one, nn.BatchNorm1d(4), other, head)),
        orthogonal(one) + orthogonal(other),
    )
    assert float(orthogonal(head)) == 0.0


def test_orthogonal_filters_of_any_length_cost_nothing() -> None:
    layer = nn.Linear(3, 3)
    layer.load_state_dict(
        {"weight": torch.diag(torch.tensor([0.1, 1.0, 9.0])), "bias": torch.ones(3)}
    )

    assert float(orthogonal(layer).detach()) == 0.0


def test_its_gradient_is_right() -> None:
    weight = torch.randn(4, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    layer = nn.Linear(3, 4, bias=False).double()
    layer.load_state_dict({"weight": weight})

    orthogonal(layer).backward()

    off_diagonal = weight @ weight.T * (1 - torch.eye(4, dtype=torch.float64))
    torch.testing.assert_close(layer.weight.grad, 4 * off_diagonal @ weight)


def test_asking_moves_no_singular_vectors_and_reaches_the_weight_itself() -> None:
    layer = spectral_norm(nn.Linear(3, 4))
    before = copy_of(layer)

    orthogonal(layer).backward()

    assert not differences(before, copy_of(layer))
    original = layer.get_parameter("parametrizations.weight.original")
    assert original.grad is not None
