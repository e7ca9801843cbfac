"""Where a data set lives during training: on the device if it fits there, else in main memory."""

import torch

from gan_models.data.dataset import Dataset


def fits_on(device: torch.device | str, dataset: Dataset, *, share: float = 0.25) -> bool:
    """Whether the stored form takes no more than ``share`` of the memory now free on ``device``.

    A device whose free memory cannot be asked for counts as full.
    """
    device = torch.device(device)
    if device.type == "cpu":
        return True
    if device.type != "cuda":
        return False
    free_bytes, _ = torch.cuda.mem_get_info(device)
    return _num_bytes(dataset) <= share * free_bytes


def place(dataset: Dataset, device: torch.device | str) -> Dataset:
    """Return the data set on ``device`` if it fits there (:func:`fits_on`), else as it is."""
    return dataset.to(device) if fits_on(device, dataset) else dataset


def _num_bytes(dataset: Dataset) -> int:
    return dataset.stored.nbytes + (0 if dataset.labels is None else dataset.labels.nbytes)
