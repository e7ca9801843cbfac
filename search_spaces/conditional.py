"""What may vary in how G and D know the class of a sample. Only for data with labels."""

from search_spaces.domains import Choice, Float
from search_spaces.parameter import Parameter

CONDITIONING = (
    Parameter(
        "conditioning",
        Choice(("projection", "concat", "auxiliary")),
        why="how D judges by class: features along it (1802.05637), beside it, or by naming it",
    ),
    Parameter(
        "auxiliary_weight",
        Float(0.1, 2.0, log=True),
        why="what naming the class counts: too little blurs classes, too much narrows each",
        when={"conditioning": ("auxiliary",)},
    ),
)
