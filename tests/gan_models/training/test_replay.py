from dataclasses import replace

import pytest
import torch
from torch import Tensor

from gan_models.data.dataset import Dataset
from gan_models.training.batch import DiscriminatorBatch
from gan_models.training.draws import Draws
from gan_models.training.loop import train
from gan_models.training.replay import FakePool
from gan_models.training.state import TrainState, adopt, new_state
from gan_models.training.step import discriminator_step
from tests.gan_models.training.small_runs import SMALL, copy_of, differences

REPLAYING = replace(SMALL, replay_frac=0.5, replay_size=6)


def fakes(*numbers: int) -> Tensor:
    return torch.tensor(numbers).view(-1, 1, 1, 1).expand(-1, 1, 8, 8).float()


def places(*numbers: int) -> Tensor:
    return torch.tensor(numbers)


def numbers_of(batch: Tensor | None) -> list[int]:
    assert batch is not None
    return batch[:, 0, 0, 0].int().tolist()


@pytest.fixture
def full() -> FakePool:
    pool = FakePool(4)
    for fresh in (fakes(0, 1), fakes(2, 3)):
        assert numbers_of(pool.exchange(fresh, places(0, 1))) == numbers_of(fresh)
    return pool


def test_a_full_pool_gives_former_fakes_for_fresh_ones(full: FakePool) -> None:
    assert numbers_of(full.exchange(fakes(7, 8), places(2, 0))) == [2, 0]
    assert numbers_of(full.fakes) == [8, 1, 7, 3]


def test_every_fake_is_shown_once_at_most_and_the_pool_stays_bounded() -> None:
    pool, rng, shown = FakePool(6), torch.Generator().manual_seed(0), []
    for update in range(50):
        fresh = fakes(2 * update, 2 * update + 1)
        shown += numbers_of(pool.exchange(fresh, torch.randperm(6, generator=rng)[:2]))

    late = shown[6:]  # the first six filled the pool, and were shown at once
    assert len(late) == len(set(late)) == 94
    assert len(numbers_of(pool.fakes)) == 6
    assert sorted(late + numbers_of(pool.fakes)) == list(range(100))


def test_the_pool_does_not_share_memory_with_what_it_was_given(full: FakePool) -> None:
    fresh = fakes(7, 8).contiguous()
    full.exchange(fresh, places(0, 1))
    fresh.zero_()
    assert numbers_of(full.fakes) == [7, 8, 2, 3]


def test_d_learns_from_former_fakes_in_the_place_of_fresh_ones(images: Dataset) -> None:
    state, expected = (new_state(REPLAYING, images.sample, seed=0) for _ in range(2))
    assert state.replay is not None
    draws = Draws(REPLAYING, images, seed=0, device=torch.device("cpu"))
    real, z = draws.real(0), draws.latents("discriminator", 0)
    former = fakes(*[0] * 6)
    state.replay.fakes = former.clone()

    seen: list[Tensor] = []
    state.discriminator.register_forward_hook(lambda _, given, __: seen.append(given[0]))
    discriminator_step(state, REPLAYING, DiscriminatorBatch(real, z, replayed=draws.replayed(0)))

    fresh = expected.generator(z)
    assert torch.equal(seen[1], torch.cat([former[:2], fresh[2:].detach()]))
    assert sum(bool(one.any()) for one in state.replay.fakes) == 2


def test_the_places_are_different_ones_that_seed_and_progress_determine(images: Dataset) -> None:
    config = replace(SMALL, batch_size=8, pack=2, replay_frac=0.5, replay_size=17)
    draws, again = (Draws(config, images, seed=0, device=torch.device("cpu")) for _ in range(2))

    drawn = [draws.replayed(nimg) for nimg in range(0, 800, 8)]

    assert torch.equal(drawn[3], again.replayed(24))
    for chosen in drawn:
        firsts, seconds = chosen.view(2, 2).unbind(1)
        assert torch.equal(seconds, firsts + 1)
        assert not (firsts % 2).any(), "packs stay together"
        assert len(set(chosen.tolist())) == 4
    assert set(torch.cat(drawn).tolist()) == set(range(16))


def train_rounds(state: TrainState, real: Dataset, count: int) -> None:
    until = state.nimg + count * REPLAYING.batch_size
    for _ in train(REPLAYING, state, real, seed=0, until_nimg=until):
        pass


def test_replay_changes_d_once_the_pool_is_full_and_not_before(images: Dataset) -> None:
    plain, replaying = (new_state(each, images.sample, seed=0) for each in (SMALL, REPLAYING))

    train_rounds(replaying, images, 3)
    for _ in train(SMALL, plain, images, seed=0, until_nimg=12):
        pass
    assert not differences(copy_of(plain.discriminator), copy_of(replaying.discriminator))

    train_rounds(replaying, images, 1)
    for _ in train(SMALL, plain, images, seed=0, until_nimg=16):
        pass
    assert differences(copy_of(plain.discriminator), copy_of(replaying.discriminator))
    assert replaying.replay is not None
    assert len(numbers_of(replaying.replay.fakes)) == 6


def test_another_configuration_keeps_the_pool_where_it_fits(images: Dataset) -> None:
    state = new_state(REPLAYING, images.sample, seed=0)
    train_rounds(state, images, 2)
    pool = state.replay

    adopt(state, replace(REPLAYING, d_lr=1e-3))
    assert state.replay is pool
    adopt(state, replace(REPLAYING, replay_size=8))
    assert state.replay is not None
    assert (state.replay.capacity, state.replay.fakes) == (8, None)
    adopt(state, SMALL)
    assert state.replay is None
