"""Trains ZippyNet's models with PyTorch: the same networks, loss, optimiser and checkpoints as `src/train`."""
