from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from gan_models.config import PENALTY_NAMES
from gan_models.data.dataset import Dataset
from gan_models.training.draws import Draws, draw_latents
from tests.gan_models.training.small_runs import SMALL, make_images

CPU = torch.device("cpu")
Purpose = Callable[[Draws, int], Tensor]
PURPOSES: dict[str, Purpose] = {
    "real": lambda draws, progress: draws.real(progress),
    "z of D": lambda draws, progress: draws.latents("discriminator", progress),
    "z of G": lambda draws, progress: draws.latents("generator", progress),
    "mix": lambda draws, progress: draws.mix(progress),
    "noise": lambda draws, progress: draws.noise(progress),
    "real for G": lambda draws, progress: draws.rivals(progress)[1],
}
every_purpose = pytest.mark.parametrize("draw", PURPOSES.values(), ids=PURPOSES)


def new(real: Dataset, *, batch_size: int = 4, seed: int = 0) -> Draws:
    return Draws(replace(SMALL, batch_size=batch_size), real, seed=seed, device=CPU)


def indices(batch: Tensor) -> list[int]:
    """Read off which images a batch holds: their first pixel says so."""
    levels: list[int] = ((batch[:, 0, 0, 0] + 1) * 127.5).round().int().tolist()
    return levels


@every_purpose
def test_a_draw_is_a_function_of_seed_and_progress_alone(images: Dataset, draw: Purpose) -> None:
    row = [draw(new(images), progress) for progress in (0, 4, 20, 40)]

    draws = new(images)
    for progress, expected in reversed(list(zip((0, 4, 20, 40), row, strict=True))):
        assert torch.equal(draw(draws, progress), expected)
        assert torch.equal(draw(draws, progress), expected)


@every_purpose
def test_another_seed_and_another_progress_draw_something_else(
    images: Dataset, draw: Purpose
) -> None:
    once = draw(new(images), 4)

    assert not torch.equal(once, draw(new(images, seed=1), 4))
    assert not torch.equal(once, draw(new(images), 8))


def test_purposes_are_independent_of_each_other(images: Dataset) -> None:
    draws = new(images, batch_size=20)
    for_d, for_g = draws.latents("discriminator", 0), draws.latents("generator", 0)

    assert not torch.equal(for_d, for_g)
    correlation = torch.corrcoef(torch.stack([for_d.flatten(), for_g.flatten()]))[0, 1]
    assert abs(float(correlation)) < 0.3


@every_purpose
def test_the_global_generator_is_left_alone(images: Dataset, draw: Purpose) -> None:
    before = torch.get_rng_state()

    draw(new(images), 0)

    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("batch_size", [2, 4, 11, 22])
def test_an_epoch_shows_each_real_sample_once(images: Dataset, batch_size: int) -> None:
    draws = new(images, batch_size=batch_size)

    row = [i for nimg in range(0, 44, batch_size) for i in indices(draws.real(nimg))]

    assert sorted(row[:22]) == sorted(row[22:44]) == list(range(22))
    assert row[:22] != row[22:44]  # each epoch is shuffled anew


def test_a_batch_reads_on_over_the_border_of_epochs(images: Dataset) -> None:
    at_once = indices(new(images, batch_size=22).real(11))

    draws = new(images, batch_size=11)
    assert at_once == indices(draws.real(11)) + indices(draws.real(22))


def test_a_run_that_starts_late_reads_what_a_long_one_reads(images: Dataset) -> None:
    draws = new(images, batch_size=10)

    row = {nimg: draws.real(nimg) for nimg in range(0, 2500, 10)}

    for nimg in (10, 1010, 1020, 1030, 2490):
        assert torch.equal(row[nimg], new(images, batch_size=10).real(nimg))


def test_a_batch_may_be_larger_than_the_data() -> None:
    batch = new(make_images(3), batch_size=10).real(0)

    assert Counter(Counter(indices(batch)).values()) == Counter({3: 2, 4: 1})


def test_real_batches_are_as_networks_see_them(images: Dataset) -> None:
    batch = new(images).real(0)

    assert torch.equal(batch, images.sample.encode(images.stored[indices(batch)]))


def test_points_pass_unchanged_and_the_stored_ones_are_not_handed_out(points: Dataset) -> None:
    before = points.stored.clone()

    batch = new(points).real(0)
    assert all((points.stored == point).all(1).any() for point in batch)
    batch.zero_()

    assert torch.equal(points.stored, before)


def test_latents_are_standard_normal_and_mixes_uniform(images: Dataset) -> None:
    draws = new(images, batch_size=20_000)
    z, mix = draws.latents("generator", 0), draws.mix(0)

    assert (z.shape, mix.shape) == ((20_000, 4), (20_000,))
    assert float(z.mean()) == pytest.approx(0.0, abs=0.02)
    assert float(z.var()) == pytest.approx(1.0, abs=0.02)
    assert float((z**4).mean()) == pytest.approx(3.0, abs=0.15)
    assert 0.0 <= float(mix.min()) < 0.001 < 0.999 < float(mix.max()) < 1.0
    assert float(mix.mean()) == pytest.approx(0.5, abs=0.01)


def test_latents_of_a_seed_are_drawn_alike_every_time() -> None:
    before = torch.get_rng_state()

    z = draw_latents(7, 3, seed=5)

    assert (z.shape, z.dtype, z.device) == ((7, 3), torch.float32, CPU)
    assert torch.equal(z, draw_latents(7, 3, seed=5))
    assert not torch.equal(z, draw_latents(7, 3, seed=6))
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("lives_on", ["cpu", "cuda"])
def test_batches_come_to_the_device_from_where_the_data_lives(
    images: Dataset, lives_on: str
) -> None:
    device = torch.device("cuda", 0)
    draws = Draws(SMALL, images.to(lives_on), seed=0, device=device)

    batches = [draws.real(20), draws.latents("generator", 0), draws.mix(0)]

    assert all(batch.device == device for batch in batches)
    torch.testing.assert_close(batches[0].cpu(), new(images).real(20))
    assert torch.equal(draw_latents(3, 2, seed=0, device=device).cpu(), draw_latents(3, 2, seed=0))


def test_a_pack_has_one_weight_between_its_real_and_its_fake_samples(images: Dataset) -> None:
    draws = Draws(replace(SMALL, batch_size=6, pack=3), images, seed=0, device=CPU)

    first, second = draws.mix(0).view(2, 3)

    assert len(first.unique()) == len(second.unique()) == 1
    assert first[0] != second[0]


@pytest.mark.parametrize("penalty", PENALTY_NAMES)
def test_a_penalty_gets_what_it_needs_at_random_and_no_more(images: Dataset, penalty: str) -> None:
    draws = Draws(replace(SMALL, penalty=penalty), images, seed=0, device=CPU)

    drawn = draws.penalty(8)

    expected = {"gradient-penalty": draws.mix(8), "dragan": draws.noise(8)}.get(penalty)
    assert (drawn is None) == (expected is None)
    if drawn is not None and expected is not None:
        assert torch.equal(drawn, expected)


def test_the_noise_of_dragan_is_standard_normal_and_as_large_as_a_batch(images: Dataset) -> None:
    noise = new(images, batch_size=500).noise(0)

    assert noise.shape == (500, *images.sample.shape)
    assert float(noise.mean()) == pytest.approx(0.0, abs=0.03)
    assert float(noise.std()) == pytest.approx(1.0, abs=0.03)


def test_the_rivals_of_fakes_are_real_samples_from_all_of_the_data(images: Dataset) -> None:
    _, rivals = new(images, batch_size=400).rivals(0)
    drawn = indices(rivals)

    assert set(drawn) == set(range(len(images)))
    assert max(Counter(drawn).values()) < 40
