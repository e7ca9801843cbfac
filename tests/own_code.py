"""Modules and small distributions such as users write, for as long as a test runs."""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from textwrap import dedent

import pytest

from gan_models import factories, plugins

_numbers = count()

NETWORKS = """
    from torch import nn
    from gan_models.networks.base import Architecture

    class Generator(nn.Module):
        def __init__(self, config, sample):
            super().__init__()
            self.layer = nn.Linear(config.latent_dim, sample.num_values)
            self.shape = sample.shape
        def forward(self, z):
            return self.layer(z).tanh().view(-1, *self.shape)

    class Discriminator(nn.Module):
        def __init__(self, config, sample):
            super().__init__()
            self.layers = nn.Sequential(
                nn.Flatten(),
                nn.Linear(sample.num_values, config.width),
                nn.Softplus(),
                nn.Linear(config.width, 1),
            )
        def forward(self, samples):
            return self.layers(samples).squeeze(1)

    networks = Architecture("own", "one layer", Generator, Discriminator)
"""
LOSS = """
    from torch.nn.functional import softplus
    from gan_models.objectives.losses import Objective

    def of_d(real, fake):
        return softplus(-real).mean() + softplus(fake).mean()

    def of_g(fake):
        return softplus(-fake).mean()

    loss = Objective("own", "D: …; G: …", "own", of_d, of_g)
"""
DATA = """
    import numpy as np

    def load():
        'Points on a line.'
        rng = np.random.default_rng(0)
        return np.repeat(rng.normal(size=(240, 1)), 2, axis=1)
"""


@dataclass(frozen=True)
class OwnCode:
    """A folder in which modules are found, and a folder in which packages are installed."""

    folder: Path
    installed: Path

    def write(self, *parts: str, change: tuple[str, str] = ("", ""), name: str = "") -> str:
        """Write a module from pieces of source, with one text replaced, and return its name."""
        name = name or f"own_{next(_numbers)}"
        source, (before, after) = "\n".join(dedent(part) for part in parts), change
        assert before in source
        if before:
            source = source.replace(before, after, 1)
        (self.folder / f"{name}.py").write_text(source, encoding="utf-8")
        return name

    def install(
        self, package: str, entries: Mapping[str, Mapping[str, str]], **modules: str
    ) -> None:
        """Put a distribution where Python finds it: modules, and metadata with entry points."""
        info = self.installed / f"{package}-1.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
        lines = [
            f"[{group}]\n" + "".join(f"{name} = {value}\n" for name, value in points.items())
            for group, points in entries.items()
        ]
        (info / "entry_points.txt").write_text("\n".join(lines))
        for name, source in modules.items():
            (self.installed / f"{name}.py").write_text(dedent(source), encoding="utf-8")
        plugins._entry_points.cache_clear()

    def forget(self) -> None:
        """Be as a process that has imported none of it and knows no folder."""
        for name, module in list(sys.modules.items()):
            file = getattr(module, "__file__", None) or ""
            if file.startswith((*factories._folders, str(self.folder), str(self.installed))):
                del sys.modules[name]
        for folder in factories._folders:
            sys.path.remove(folder)
        factories._folders.clear()
        plugins._load.cache_clear()
        plugins._entry_points.cache_clear()


@pytest.fixture
def own_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OwnCode]:
    """A folder that is looked in, and forgotten with all that was imported from it."""
    code = OwnCode(tmp_path / "code", tmp_path / "installed")
    code.folder.mkdir()
    code.installed.mkdir()
    monkeypatch.syspath_prepend(code.installed)
    monkeypatch.setattr("sys.dont_write_bytecode", True)  # sources change within a second
    factories.look_in([code.folder])
    yield code
    code.forget()
