"""What a score was measured by; only scores of one protocol may be compared."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from gan_models.errors import MetricError

PROTOCOL_VERSION = 2


@dataclass(frozen=True, kw_only=True)
class Protocol:
    """Everything that moves a score without the generator changing."""

    data: str  # fingerprint of the real samples that serve as reference
    split: str
    features: str  # fingerprint of the feature extractor
    n_fake: int
    n_real: int
    k: int  # nearest neighbours of precision, recall, density and coverage
    seed: int
    version: int = PROTOCOL_VERSION

    def to_mapping(self) -> dict[str, str | int]:
        """Return the fields as plain data."""
        return asdict(self)

    @property
    def hash(self) -> str:
        """Short stable hash: equal hashes mean comparable scores."""
        text = json.dumps(self.to_mapping(), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]


def check_comparable(now: Mapping[str, object], before: Mapping[str, object]) -> None:
    """Refuse to compare scores of two protocols, given as :meth:`Protocol.to_mapping` gives them.

    Raises:
        MetricError: naming every field that differs, with both values.
    """
    unlike = [
        f"{name} ({before.get(name, 'none')}, now {now.get(name, 'none')})"
        for name in dict.fromkeys([*before, *now])
        if before.get(name) != now.get(name)
    ]
    if unlike:
        raise MetricError(f"scores of unlike protocols cannot be compared: {', '.join(unlike)}")
