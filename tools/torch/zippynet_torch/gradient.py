"""Loss and gradient of a checkpoint's parameters on a given batch, for tests: `CHECKPOINT BATCH OUT`, safetensors all.

BATCH has `images` [n, side, side, 3] of 8 bits, `levels` [n] and `noise` [n, rows, columns, latentChannels].
"""

from __future__ import annotations

import sys

import torch

from .checkpoint import read_checkpoint
from .safetensors import read_safetensors, write_safetensors
from .train import Trainer
from .workers import Workers


def main(checkpoint: str, batch: str, out: str) -> None:
    plan, _, state = read_checkpoint(checkpoint)
    trainer = Trainer(plan, state, torch.device("cpu"), bfloat16=False, workers=Workers())
    given = read_safetensors(batch)
    x = given["images"].permute(0, 3, 1, 2).float() / 255 - 0.5
    noise = None if plan.get("bits") == "rounded" else given["noise"].permute(0, 3, 1, 2)
    loss, gradient = trainer.gradient(x, given["levels"], noise)
    write_safetensors(out, {"loss": loss[None], "gradient": trainer.optimiser.in_layout(gradient)})


if __name__ == "__main__":
    main(*sys.argv[1:])
