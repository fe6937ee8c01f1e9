"""Optimizers and losses of training and retraining."""
