"""Comparing methods: one dense network for each seed, every method on it, cached and taken up where it stopped."""
