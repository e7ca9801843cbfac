"""A package that lists its public names keeps its word."""

from importlib import import_module
from pathlib import Path


def test_listed_names_exist(repository: Path, source_files: list[Path]) -> None:
    missing = [
        f"{package}.{name}"
        for package in packages(repository, source_files)
        for name in public_names(package)
        if not hasattr(import_module(package), name)
    ]
    assert not missing, missing


def test_listed_names_are_sorted_and_unique(repository: Path, source_files: list[Path]) -> None:
    unsorted = [
        package
        for package in packages(repository, source_files)
        if public_names(package) != sorted(set(public_names(package)))
    ]
    assert not unsorted, unsorted


def packages(repository: Path, source_files: list[Path]) -> list[str]:
    folders = [file.parent for file in source_files if file.name == "__init__.py"]
    return [".".join(folder.relative_to(repository).parts) for folder in folders]


def public_names(package: str) -> list[str]:
    return list(getattr(import_module(package), "__all__", []))
