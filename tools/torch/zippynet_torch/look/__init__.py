"""Trains a further synthesis network for the eye, on the latents of a model that stays as it is."""
