"""Search spaces by name: ours, and those that installed packages bring."""

from gan_models.plugins import SPACES as GROUP
from gan_models.plugins import load_brought, plugins
from search_spaces.catalog import SPACES
from search_spaces.errors import SpaceError, nearest
from search_spaces.space import SearchSpace


def find_space(name: str) -> SearchSpace:
    """Return a space of the catalog, or of an installed package.

    Raises:
        SpaceError: if there is none of this name; suggests the nearest.
        FactoryError: if it is a package's, and cannot be imported.
    """
    if name in SPACES:
        return SPACES[name]
    brought = plugins(GROUP, SPACES)
    if name not in brought:
        raise SpaceError(f"space = '{name}': {nearest(name, [*SPACES, *brought])}")
    return load_brought(GROUP, name, SearchSpace, "space")
