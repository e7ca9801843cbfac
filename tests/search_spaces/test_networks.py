import pytest

from gan_models.config import GanConfig
from gan_models.networks.registry import build_discriminator, build_generator
from gan_models.samples import SampleKind, SampleSpec
from search_spaces import networks
from search_spaces.catalog import named_space
from search_spaces.domains import Choice
from search_spaces.parameter import Parameter
from search_spaces.space import SearchSpace
from tests.gan_models.training.small_runs import make_images

TINY_IMAGE = SampleSpec(SampleKind.IMAGE, (1, 8, 8))
IMAGES = make_images(22)


@pytest.mark.parametrize(
    ("network", "parameters"),
    [
        ("dcgan", networks.DCGAN),
        ("mlp", networks.MLP),
        ("resnet", networks.RESNET),
        ("r3gan", networks.R3GAN),
        ("style", networks.STYLE),
    ],
)
def test_the_smallest_and_the_largest_network_can_be_built(
    network: str, parameters: tuple[Parameter, ...]
) -> None:
    for end in (0, -1):
        params = {each.name: _ends(each)[end] for each in parameters}
        config = GanConfig.from_params({"network": network, **params})
        build_generator(config, TINY_IMAGE)
        build_discriminator(config, TINY_IMAGE)


def test_each_demo_network_has_its_own_widths() -> None:
    widths = [each for each in networks.SMALL_OF_EITHER_KIND if each.name == "width"]
    assert [each.when for each in widths] == [{"network": ("dcgan",)}, {"network": ("mlp",)}]
    assert widths[0].excludes(widths[1])


@pytest.mark.parametrize("name", ["dcgan", "mlp", "resnet", "r3gan", "style"])
def test_each_network_has_in_company_what_it_has_alone(name: str) -> None:
    company = SearchSpace("company", networks.EVERY_KIND).fixed({"network": name})
    for each in company.parameters:
        assert each.name == "latent_dim" or each in named_space(name).parameters


def _ends(parameter: Parameter) -> tuple[object, ...]:
    domain = parameter.domain
    return domain.options if isinstance(domain, Choice) else (domain.low, domain.high)
