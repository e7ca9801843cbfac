"""Weights under the names that they had in checkpoints of earlier versions."""

from collections.abc import Collection, Mapping

from torch import Tensor

_ROW = "layers."


def trunk_and_head(weights: Mapping[str, Tensor], wanted: Collection[str]) -> dict[str, Tensor]:
    """Return D's weights by their present names.

    Before D was a trunk and a head it was one row of layers, ``layers.0`` to ``layers.n``, of which
    the last one gave the logit.

    Args:
        weights: by the names that were saved.
        wanted: the names that D has; a D of one's own may still be such a row.
    """
    is_row = all(name.startswith(_ROW) for name in weights)
    if not is_row or any(name.startswith(_ROW) for name in wanted):
        return dict(weights)
    places = [int(name.split(".")[1]) for name in weights]
    head = f"{_ROW}{max(places, default=0)}."
    return {
        f"head.{name.removeprefix(head)}"
        if name.startswith(head)
        else f"trunk.{name.removeprefix(_ROW)}": weight
        for name, weight in weights.items()
    }
