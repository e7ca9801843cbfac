"""What may vary: typed domains, conditions between parameters, and named search spaces.

Standard library only. A space declares; it does not know who samples it or what is trained.
"""

from search_spaces.catalog import SPACES, named_space
from search_spaces.domains import Choice, Domain, Float, Integer, Scalar
from search_spaces.errors import SpaceError
from search_spaces.parameter import Parameter
from search_spaces.space import SearchSpace

__all__ = [
    "Choice",
    "Domain",
    "Float",
    "Integer",
    "Parameter",
    "SPACES",
    "Scalar",
    "SearchSpace",
    "SpaceError",
    "named_space",
]
