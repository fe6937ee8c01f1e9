"""Single weights that become zero: which there are, their masks, their signal, their removal."""
