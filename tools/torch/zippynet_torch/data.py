"""Image sets in memory, and batches of samples cut from them, on whatever device trains."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from .layout import STRIDE
from .model import level_of
from .safetensors import read_safetensors

LOBES = 3  # half-width of the Lanczos window in output pixels
SMALLEST_ZOOM = 0.94  # of a whole image: the smallest share of its side that is kept
LARGEST_SHRINK = 3  # image pixels that one pixel of a patch spans at most


# Pixels a side of the samples, and the share of steps that take them, by default; larger ones than the images are left
# out.
USUAL_SIZES = ((42, 1 / 2), (64, 1 / 3), *((size, 1 / 6 / 7) for size in (32, 40, 48, 56, 72, 80, 96)))
BATCH = 32  # images of 42×42 a step by default


@dataclass(frozen=True)
class Sampling:
    """How samples are drawn: `sampling` of a run's plan, see `src/train/plan.ts`."""

    cuts: list[str]  # of each set of images
    sizes: list[tuple[int, float]] | None = None
    batch: int = BATCH
    shares: list[float] | None = None
    whole: float = 1.0
    middle: float = 0.0
    colour: float = 0.0
    grey: float = 0.0

    @staticmethod
    def of(plan: dict) -> "Sampling":
        fields = dict(plan["sampling"])
        cut = fields.pop("cut")
        return Sampling([cut] * len(plan["folders"]) if isinstance(cut, str) else cut, **fields)


@dataclass
class Pack:
    """Square images of one side: [count, side, side, 3], 8 bits."""

    train: Tensor
    held_out: Tensor


def read_pack(path: str, device: torch.device) -> Pack:
    tensors = read_safetensors(path)
    for name in ("train", "held_out"):
        tensor = tensors.get(name)
        if tensor is None or tensor.ndim != 4 or tensor.shape[1] != tensor.shape[2] or tensor.shape[3] != 3:
            got = "none" if tensor is None else list(tensor.shape)
            raise ValueError(f"{path}: {name}: expected [count, side, side, 3] of 8 bits, got {got}")
    return Pack(tensors["train"].to(device), tensors["held_out"].to(device))


class Sampler:
    """Draws training batches."""

    def __init__(self, packs: list[Pack], sampling: Sampling, seed: int) -> None:
        self.packs, self.sampling = packs, sampling
        self.device = packs[0].train.device
        self.random = torch.Generator().manual_seed(seed)
        self.shares = torch.tensor([float(share) for share in sampling.shares or [len(pack.train) for pack in packs]])
        side = min(pack.train.shape[1] for pack in packs)
        sizes = sampling.sizes or [each for each in USUAL_SIZES if each[0] <= side]
        if len(self.shares) != len(packs):
            raise ValueError(f"expected a share for each of {len(packs)} packs, got {len(self.shares)}")
        if max(size for size, _ in sizes) > side:
            raise ValueError(f"expected samples of at most {side} pixels, which all images have, got {sizes}")
        self.sizes = [size for size, _ in sizes]
        self.usual_size = max(sizes, key=lambda each: each[1])[0]  # that most samples have
        self.size_shares = torch.tensor([float(share) for _, share in sizes])

    def next(self) -> tuple[Tensor, Tensor]:
        """Images of one size, [n, 3, size, size] from −½ to ½, and a level for each."""
        size = self.sizes[int(torch.multinomial(self.size_shares, 1, generator=self.random))]
        count = batch_size(size, self.sampling.batch)
        sets = torch.multinomial(self.shares, count, replacement=True, generator=self.random)
        images = [
            self._cut(pack.train, self.sampling.cuts[i], size, int((sets == i).sum()))
            for i, pack in enumerate(self.packs)
            if (sets == i).any()
        ]
        x = self._coloured(torch.cat(images))
        return (x / 255 - 0.5).contiguous(memory_format=torch.channels_last), self._levels(count)

    def _uniform(self, *shape: int) -> Tensor:
        return torch.rand(*shape, generator=self.random)

    def _levels(self, count: int) -> Tensor:
        middle = self._uniform(count) < self.sampling.middle
        low = torch.where(middle, level_of(26), level_of(1))
        high = torch.where(middle, level_of(79), level_of(100))
        return (low + (high - low) * self._uniform(count)).to(self.device)

    def _cut(self, images: Tensor, cut: str, size: int, count: int) -> Tensor:
        """[count, 3, size, size] of 8-bit levels as floats."""
        side = images.shape[1]
        index = torch.randint(len(images), (count,), generator=self.random)
        whole = (self._uniform(count) < self.sampling.whole) & (cut == "aligned")
        largest = min(side, size * LARGEST_SHRINK)
        patch = size + (largest - size) * self._uniform(count)
        zoomed = side * (SMALLEST_ZOOM + (1 - SMALLEST_ZOOM) * self._uniform(count))
        length = torch.where(whole, zoomed, patch.clamp(max=side))
        mirror = self._uniform(count) < 0.5
        left, top = (self._uniform(2, count) * (side - length)).unbind()
        left, top, length, mirror, index = (each.to(self.device) for each in (left, top, length, mirror, index))
        across = lanczos(left, length, size, side, mirror)
        down = lanczos(top, length, size, side, torch.zeros_like(mirror))
        return resample(images[index], down, across)

    def _coloured(self, x: Tensor) -> Tensor:
        n = len(x)
        if self.sampling.colour > 0:
            change = self.sampling.colour * (2 * self._uniform(2, n, 3, 1, 1) - 1).to(self.device)
            x = (x * (1 + change[0]) + 127.5 * change[1]).clamp(0, 255)
        if self.sampling.grey > 0:
            grey = (self._uniform(n, 1, 1, 1) < self.sampling.grey).to(self.device)
            luma = (x * x.new_tensor([0.299, 0.587, 0.114])[:, None, None]).sum(1, keepdim=True)
            x = torch.where(grey, luma, x)
        return x.round()


def batch_size(size: int, images: int = BATCH) -> int:
    """Images of a size that have as many pixels, with padding, as so many of 42×42."""
    padded = -(-size // STRIDE) * STRIDE
    return max(1, round(images * 48 * 48 / padded**2))


def evenly(images: Tensor, most: int) -> Tensor:
    """At most so many of the images, evenly spaced, beginning with the first."""
    if len(images) <= most:
        return images
    return images[torch.arange(most, device=images.device) * len(images) // most]


def centred(images: Tensor, size: int) -> Tensor:
    """Whole square images, scaled: [n, 3, size, size], −½ to ½."""
    n, side = images.shape[:2]
    zero = torch.zeros(n, device=images.device)
    taps = lanczos(zero, zero + side, size, side, zero > 0)
    x = resample(images, taps, taps).round()
    return (x / 255 - 0.5).contiguous(memory_format=torch.channels_last)


def lanczos(start: Tensor, length: Tensor, size: int, side: int, mirror: Tensor) -> Tensor:
    """[n, size, side]: what each input pixel gives to each output pixel of a crop; antialiased when it shrinks."""
    scale = (length / size)[:, None, None]
    stretch = scale.clamp(min=1)
    out = torch.arange(size, device=start.device) + 0.5
    out = torch.where(mirror[:, None], size - out, out)
    x = (torch.arange(side, device=start.device) + 0.5 - (start[:, None, None] + out[:, :, None] * scale)) / stretch
    taps = torch.where(x.abs() < LOBES, torch.sinc(x) * torch.sinc(x / LOBES), 0)
    return taps / taps.sum(2, keepdim=True)


def resample(images: Tensor, down: Tensor, across: Tensor) -> Tensor:
    """[n, 3, size, size] of 8-bit images [n, side, side, 3] and their taps."""
    n, side = images.shape[:2]
    rows = down @ images.float().view(n, side, side * 3)
    x = rows.view(n, -1, side, 3).permute(0, 3, 1, 2) @ across.mT[:, None]
    return x.clamp(0, 255)
