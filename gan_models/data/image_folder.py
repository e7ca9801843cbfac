"""A folder of images; where it has subfolders, each of them is a class."""

from pathlib import Path

import numpy as np

from gan_models.data.images import decode_image, stack_images
from gan_models.data.unsplit import UnsplitData
from gan_models.errors import DataError
from gan_models.samples import SampleKind

IMAGE_SUFFIXES = (".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp")


def read_image_folder(folder: Path) -> UnsplitData:
    """Read every image of a folder, in the order of names.

    Either images lie in the folder itself (no labels), or in its subfolders, whose sorted names
    are classes 0, 1, …. Hidden entries, and files that are no images by their suffix, are passed
    over.

    Raises:
        DataError: naming the file or folder that is empty, broken or unlike the others.
    """
    loose, classes = _images_in(folder), _subfolders_of(folder)
    if loose and classes:
        raise DataError(
            f"{folder}: holds both loose images ('{loose[0].name}') and subfolders "
            f"('{classes[0].name}'); use one or the other"
        )
    if not classes:
        return _read(folder, [loose])
    groups = [_images_of_class(subfolder) for subfolder in classes]
    return _read(folder, groups, names=tuple(subfolder.name for subfolder in classes))


def _read(
    folder: Path, groups: list[list[Path]], *, names: tuple[str, ...] | None = None
) -> UnsplitData:
    files = [file for group in groups for file in group]
    if not files:
        found = "no image files" if any(folder.iterdir()) else "empty"
        raise DataError(f"{folder}: {found}; images end in {', '.join(IMAGE_SUFFIXES)}")
    places = [str(file) for file in files]
    labels = np.repeat(np.arange(len(groups)), [len(group) for group in groups])
    return UnsplitData(
        name=folder.resolve().name,
        kind=SampleKind.IMAGE,
        samples=stack_images(
            [decode_image(file.read_bytes(), str(file)) for file in files], places
        ),
        labels=None if names is None else labels,
        class_names=names,
    )


def _images_of_class(subfolder: Path) -> list[Path]:
    images = _images_in(subfolder)
    if not images:
        raise DataError(f"{subfolder}: a class without image files; remove it or fill it")
    if deeper := _subfolders_of(subfolder):
        raise DataError(f"{deeper[0]}: a subfolder of a class; classes are one level deep")
    return images


def _images_in(folder: Path) -> list[Path]:
    return [
        entry
        for entry in _visible(folder)
        if entry.suffix.lower() in IMAGE_SUFFIXES and entry.is_file()
    ]


def _subfolders_of(folder: Path) -> list[Path]:
    return [entry for entry in _visible(folder) if entry.is_dir()]


def _visible(folder: Path) -> list[Path]:
    # By name, not by path: Windows compares paths without regard to case.
    entries = sorted(folder.iterdir(), key=lambda entry: entry.name)
    return [entry for entry in entries if not entry.name.startswith(".")]
