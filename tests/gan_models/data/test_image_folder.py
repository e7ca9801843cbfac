from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from gan_models.data.image_folder import read_image_folder
from gan_models.errors import DataError
from gan_models.samples import SampleKind

Pixels = np.ndarray
WriteImages = Callable[[Path, Pixels], None]
Encode = Callable[..., bytes]


def test_loose_images_are_read_in_the_order_of_names(
    tmp_path: Path, colours: Pixels, encode: Encode
) -> None:
    for name, image in [("b.png", 1), ("a.PNG", 2), ("B.png", 0), ("c.bmp", 3)]:
        kind = "BMP" if name.endswith("bmp") else "PNG"
        (tmp_path / name).write_bytes(encode(colours[image], kind))

    data = read_image_folder(tmp_path)

    assert np.array_equal(data.samples, colours[[0, 2, 1, 3]])
    assert data.labels is None
    assert data.num_classes is None
    assert (data.name, data.kind) == (tmp_path.name, SampleKind.IMAGE)


def test_subfolders_in_the_order_of_names_are_the_classes(
    tmp_path: Path, greys: Pixels, write_images: WriteImages
) -> None:
    write_images(tmp_path / "dog", greys[:3])
    write_images(tmp_path / "cat", greys[3:5])

    data = read_image_folder(tmp_path)

    assert data.labels is not None
    assert data.labels.tolist() == [0, 0, 1, 1, 1]
    assert data.num_classes == 2
    assert np.array_equal(data.samples, greys[[3, 4, 0, 1, 2]])


def test_hidden_entries_and_other_files_are_passed_over(
    tmp_path: Path, greys: Pixels, write_images: WriteImages
) -> None:
    write_images(tmp_path, greys[:2])
    (tmp_path / "README.txt").write_text("about")
    (tmp_path / "._000.png").write_bytes(b"a Mac's shadow of a file")
    (tmp_path / ".thumbnails").mkdir()

    assert len(read_image_folder(tmp_path)) == 2


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=rf"^{tmp_path}: empty; images end in .bmp"):
        read_image_folder(tmp_path)


def test_a_folder_without_images_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing")

    with pytest.raises(DataError, match=rf"^{tmp_path}: no image files; images end in .*\.png"):
        read_image_folder(tmp_path)


def test_loose_images_beside_subfolders_are_refused(
    tmp_path: Path, greys: Pixels, write_images: WriteImages
) -> None:
    write_images(tmp_path, greys[:2])
    write_images(tmp_path / "cat", greys[:2])

    message = rf"^{tmp_path}: holds both loose images \('000.png'\) and subfolders \('cat'\)"
    with pytest.raises(DataError, match=message):
        read_image_folder(tmp_path)


def test_a_class_without_images_is_refused(
    tmp_path: Path, greys: Pixels, write_images: WriteImages
) -> None:
    write_images(tmp_path / "cat", greys[:2])
    (tmp_path / "dog").mkdir()

    with pytest.raises(DataError, match=rf"^{tmp_path / 'dog'}: a class without image files"):
        read_image_folder(tmp_path)


def test_classes_within_classes_are_refused(
    tmp_path: Path, greys: Pixels, write_images: WriteImages
) -> None:
    write_images(tmp_path / "cat", greys[:2])
    write_images(tmp_path / "cat" / "small", greys[:2])

    message = rf"^{tmp_path / 'cat' / 'small'}: a subfolder of a class"
    with pytest.raises(DataError, match=message):
        read_image_folder(tmp_path)


@pytest.mark.parametrize(
    ("content", "fault"), [(b"", "empty"), (b"\x89PNG\r\n", "not an image, or a broken one")]
)
def test_a_broken_or_empty_file_is_named(
    tmp_path: Path, greys: Pixels, write_images: WriteImages, content: bytes, fault: str
) -> None:
    write_images(tmp_path, greys[:3])
    (tmp_path / "001.png").write_bytes(content)

    with pytest.raises(DataError, match=rf"^{tmp_path / '001.png'}: {fault}$"):
        read_image_folder(tmp_path)


def test_the_first_file_of_another_size_is_named(
    tmp_path: Path, greys: Pixels, write_images: WriteImages, encode: Encode
) -> None:
    write_images(tmp_path / "cat", greys[:3])
    write_images(tmp_path / "dog", greys[:3])
    (tmp_path / "dog" / "001.png").write_bytes(encode(greys[0, :, :, :8]))

    odd = tmp_path / "dog" / "001.png"
    with pytest.raises(DataError, match=rf"^{odd}: 8 x 9 pixels .* 5 of 6 images have 12 x 9"):
        read_image_folder(tmp_path)


def test_mixed_channels_are_refused(
    tmp_path: Path, greys: Pixels, colours: Pixels, write_images: WriteImages, encode: Encode
) -> None:
    write_images(tmp_path, greys[:3])
    (tmp_path / "001.png").write_bytes(encode(colours[0]))

    with pytest.raises(DataError, match=r"001.png: .* 3 channels, but 2 of 3 .* 1 channel;"):
        read_image_folder(tmp_path)


def test_an_image_too_large_is_named_with_its_size(tmp_path: Path, encode: Encode) -> None:
    (tmp_path / "big.png").write_bytes(encode(np.zeros((3, 224, 200), dtype=np.uint8)))

    with pytest.raises(DataError, match=rf"^{tmp_path / 'big.png'}: 200 x 224 pixels"):
        read_image_folder(tmp_path)
