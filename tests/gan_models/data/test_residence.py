import pytest
import torch

from gan_models.data import residence
from gan_models.data.dataset import Dataset
from gan_models.data.residence import fits_on, place
from gan_models.samples import SampleKind, SampleSpec

NUM_IMAGES = 100
NUM_BYTES = NUM_IMAGES * (64 + 8)  # uint8 pixels and an int64 label


@pytest.fixture
def dataset() -> Dataset:
    return Dataset(
        name="zeros",
        sample=SampleSpec(SampleKind.IMAGE, (1, 8, 8)),
        stored=torch.zeros(NUM_IMAGES, 1, 8, 8, dtype=torch.uint8),
        fingerprint="0",
        labels=torch.zeros(NUM_IMAGES, dtype=torch.int64),
    )


def set_free_bytes(monkeypatch: pytest.MonkeyPatch, free_bytes: int) -> None:
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (free_bytes, 10**12))


@pytest.mark.parametrize(
    ("free_bytes", "fits"), [(4 * NUM_BYTES, True), (4 * NUM_BYTES - 4, False)]
)
def test_a_quarter_of_the_free_memory_is_the_limit(
    dataset: Dataset, monkeypatch: pytest.MonkeyPatch, free_bytes: int, fits: bool
) -> None:
    set_free_bytes(monkeypatch, free_bytes)

    assert fits_on("cuda", dataset) is fits


def test_the_share_can_be_set(dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    set_free_bytes(monkeypatch, 2 * NUM_BYTES)

    assert fits_on(torch.device("cuda:1"), dataset, share=0.5)
    assert not fits_on(torch.device("cuda:1"), dataset, share=0.49)


def test_main_memory_always_fits_and_unknown_devices_never(dataset: Dataset) -> None:
    assert fits_on("cpu", dataset, share=0.0)
    assert not fits_on("meta", dataset)


def test_what_fits_is_moved_in_stored_form(
    dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(residence, "fits_on", lambda device, dataset: True)

    placed = place(dataset, "meta")

    assert placed.stored.device.type == "meta"
    assert placed.labels is not None
    assert placed.labels.device.type == "meta"
    assert placed.stored.dtype == torch.uint8


def test_what_does_not_fit_stays_where_it_is(dataset: Dataset) -> None:
    assert place(dataset, "meta") is dataset


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_small_set_lives_on_a_real_gpu(dataset: Dataset) -> None:
    assert place(dataset, "cuda").stored.is_cuda
