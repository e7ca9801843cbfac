import hashlib

import numpy as np
import pytest

from gan_models.data.fingerprint import content_fingerprint
from gan_models.samples import SampleKind, SampleSpec

IMAGES = SampleSpec(SampleKind.IMAGE, (1, 2, 4))
POINTS = SampleSpec(SampleKind.POINT, (2,))
PIXELS = np.arange(24, dtype=np.uint8).reshape(3, 1, 2, 4)
LABELS = np.array([0, 1, 1])


def test_it_is_16_hexadecimal_digits_of_a_sha256_of_head_and_bytes() -> None:
    by_hand = hashlib.sha256(b"image(1, 2, 4)3uint8" + bytes(range(24)))

    assert content_fingerprint(IMAGES, PIXELS, None) == by_hand.hexdigest()[:16]


def test_byte_order_and_memory_layout_do_not_matter() -> None:
    points = np.linspace(0, 1, 6, dtype=np.float32).reshape(3, 2)
    swapped = points.astype(">f4", order="F")

    assert content_fingerprint(POINTS, swapped, LABELS.astype(">i4")) == content_fingerprint(
        POINTS, points, LABELS
    )


@pytest.mark.parametrize(
    ("sample", "stored", "labels"),
    [
        (IMAGES, PIXELS + np.uint8(1), LABELS),
        (IMAGES, PIXELS[::-1], LABELS),
        (IMAGES, PIXELS, LABELS[::-1]),
        (IMAGES, PIXELS, None),
        (SampleSpec(SampleKind.IMAGE, (1, 4, 2)), PIXELS.reshape(3, 1, 4, 2), LABELS),
        (SampleSpec(SampleKind.POINT, (8,)), PIXELS, LABELS),
    ],
    ids=["values", "order", "labels", "no labels", "shape", "kind"],
)
def test_any_difference_in_content_changes_it(
    sample: SampleSpec, stored: np.ndarray, labels: np.ndarray | None
) -> None:
    assert content_fingerprint(sample, stored, labels) != content_fingerprint(
        IMAGES, PIXELS, LABELS
    )
