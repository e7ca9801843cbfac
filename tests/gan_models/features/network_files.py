"""Small networks of images, saved as others would hand them over."""

import warnings
from pathlib import Path

import torch
from torch import Tensor, nn


class Echo(nn.Module):
    """Gives the values that it was given, so that a test sees them."""

    def forward(self, images: Tensor) -> Tensor:
        return images.float().flatten(1)


class Convolution(nn.Module):
    """Features of 3-channel images, with dropout, which only eval mode leaves out."""

    def __init__(self, *, seed: int = 0, dim: int = 5) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(3, dim, 3, padding=1)
        self.dropout = nn.Dropout(0.5)
        weights = torch.randn(dim, 3, 3, 3, generator=torch.Generator().manual_seed(seed))
        self.convolution.weight = nn.Parameter(weights / 255)
        nn.init.zeros_(self.convolution.bias)  # type: ignore[arg-type]

    def forward(self, images: Tensor) -> Tensor:
        seen: Tensor = self.dropout(self.convolution(images.float()).relu())
        return seen.mean([2, 3], keepdim=True)


class Detector(nn.Module):
    """Called as NVIDIA's are: 8-bit colour images, and features only if asked for."""

    def forward(self, img: Tensor, return_features: bool = False, factor: float = 1.0) -> Tensor:
        assert img.dtype == torch.uint8
        assert img.shape[1] == 3
        means = img.float().mean([2, 3]) * factor
        return means if return_features else means.softmax(1)[:, :2]


def save_scripted(path: Path, network: nn.Module) -> Path:
    with warnings.catch_warnings():
        # torch calls its own TorchScript deprecated; files of it are what is tested here
        warnings.filterwarnings("ignore", r"`torch\.jit\.\w+` is dep", DeprecationWarning)
        torch.jit.script(network).save(path)
    return path


def save_traced(path: Path, network: nn.Module, example: Tensor) -> Path:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"`torch\.jit\.\w+` is dep", DeprecationWarning)
        torch.jit.trace(network.eval(), example).save(path)
    return path


def save_exported(path: Path, network: nn.Module, example: Tensor) -> Path:
    """Export for the batch size of the example alone, as is torch's default."""
    torch.export.save(torch.export.export(network.eval(), (example,)), path)
    return path
