import subprocess
import sys

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from gan_models.seeds import derive_seed, seed_series, torch_generator

parts = st.lists(st.integers() | st.text(max_size=20), max_size=4)


@given(parts=parts)
def test_a_seed_is_one_that_torch_and_numpy_take(parts: list[int | str]) -> None:
    assert 0 <= derive_seed(*parts) < 2**63


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ((0, "init"), (1, "init")),
        ((0, "init"), (0, "noise")),
        ((0, 1), (1, 0)),
        (("ab", "c"), ("a", "bc")),
        ((1,), ("1",)),
        ((0,), (0, 0)),
    ],
)
def test_every_part_and_its_place_and_type_count(
    one: tuple[int | str, ...], other: tuple[int | str, ...]
) -> None:
    assert derive_seed(*one) != derive_seed(*other)


def test_seeds_of_many_steps_do_not_collide() -> None:
    assert len({derive_seed(0, "batch", nimg) for nimg in range(20_000)}) == 20_000


def test_a_seed_is_pinned_across_processes_and_machines() -> None:
    code = "from gan_models.seeds import derive_seed; print(derive_seed(3, 'split'))"

    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert int(other.stdout) == derive_seed(3, "split") == 2985007826731624140


def test_generators_of_equal_parts_draw_equal_numbers() -> None:
    first, second = (torch.randn(8, generator=torch_generator("cpu", 1, "z")) for _ in range(2))

    assert torch.equal(first, second)


def test_generators_of_other_parts_draw_other_numbers() -> None:
    first, second = (torch.randn(8, generator=torch_generator("cpu", 1, name)) for name in "zy")

    assert not torch.equal(first, second)


def test_the_global_generator_is_left_alone() -> None:
    before = torch.get_rng_state()

    torch.randn(8, generator=torch_generator("cpu", 1, "z"))

    assert torch.equal(torch.get_rng_state(), before)


@given(parts, st.integers(0, 10**9))
def test_a_series_is_derive_seed_with_one_more_part(parts: list[int | str], number: int) -> None:
    assert seed_series(*parts)(number) == derive_seed(*parts, number)
