"""The position features of the prior (`src/codec/entropy/context-model.ts`), in integers."""

from __future__ import annotations

import math
from functools import lru_cache

import torch
from torch import Tensor

COSINE = [round(16 * math.cos(math.pi * j / 64)) for j in range(128)]


@lru_cache(maxsize=None)
def position_features(rows: int, columns: int, device: torch.device) -> Tensor:
    """[1, 17, rows, columns] in 16ths: Y, X, XY, X², Y², then for k = 1, 2, 3: cos πkY, cos πkX, sin πkY, sin πkX."""
    table = [[_features(_coordinate(r, rows), _coordinate(c, columns)) for c in range(columns)] for r in range(rows)]
    return torch.tensor(table, dtype=torch.float32).permute(2, 0, 1)[None].contiguous().to(device)


def _features(y: int, x: int) -> list[int]:
    features = [(y + 2) >> 2, (x + 2) >> 2, (x * y + 128) >> 8, (x * x + 128) >> 8, (y * y + 128) >> 8]
    for k in (1, 2, 3):
        features += [COSINE[(k * y) & 127], COSINE[(k * x) & 127]]
        features += [COSINE[(k * y - 32) & 127], COSINE[(k * x - 32) & 127]]
    return features


def _coordinate(index: int, count: int) -> int:
    """−64 for the first of `count`, 64 for the last, rounded to integers between; 0 for one alone."""
    return 0 if count == 1 else (256 * index + (count - 1)) // (2 * (count - 1)) - 64
