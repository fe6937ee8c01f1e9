"""Regularizers: what makes a network sparse while it trains, one method a file."""
