import pytest
import torch

from gan_models.networks.grouping import in_groups


@pytest.mark.parametrize(
    ("count", "groups"),
    [
        (6, [[0, 1, 2], [3, 4, 5]]),
        (4, [[0, 1, 2], [3, 0, 1]]),
        (2, [[0, 1, 0]]),
        (1, [[0, 0, 0]]),
    ],
)
def test_neighbours_make_groups_and_the_first_fill_up_the_last(
    count: int, groups: list[list[int]]
) -> None:
    batch = torch.arange(count).view(-1, 1, 1).expand(-1, 2, 5)

    assert in_groups(batch, 3).shape == (len(groups), 3, 2, 5)
    assert in_groups(batch, 3)[:, :, 0, 0].tolist() == groups


def test_groups_of_one_are_the_batch() -> None:
    batch = torch.randn(5, 2)
    assert torch.equal(in_groups(batch, 1)[:, 0], batch)
