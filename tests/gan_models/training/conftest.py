import pytest

from gan_models.data.dataset import Dataset
from tests.gan_models.training.small_runs import make_images, make_points


@pytest.fixture(scope="session")
def images() -> Dataset:
    return make_images(22)


@pytest.fixture(scope="session")
def points() -> Dataset:
    return make_points(50)
