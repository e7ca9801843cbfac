"""docs/techniques.md names everything that a spec can."""

import re
from pathlib import Path

import pytest

from gan_models.config import parameter_docs
from gan_models.networks.registry import ARCHITECTURES
from gan_models.objectives.losses import OBJECTIVES
from gan_models.objectives.regularisers import REGULARISERS

TEXT = (Path(__file__).parents[1] / "docs" / "techniques.md").read_text(encoding="utf-8")
# what shapes a network or a batch is no technique
PLAIN = {"width", "depth", "latent_dim", "batch_size", "beta1", "beta2", "generator_norm"}


@pytest.mark.parametrize("name", sorted({*ARCHITECTURES, *OBJECTIVES}))
def test_every_network_and_loss_has_its_line(name: str) -> None:
    assert f"| `{name}` |" in TEXT


@pytest.mark.parametrize("source", sorted({each.source for each in REGULARISERS.values()}))
def test_every_regulariser_is_there_with_its_source(source: str) -> None:
    for paper in re.findall(r"\d{4}\.\d{4,5}", source):
        assert paper in TEXT


@pytest.mark.parametrize("name", sorted(set(parameter_docs()) - PLAIN))
def test_every_parameter_of_a_technique_is_named(name: str) -> None:
    assert name in TEXT
