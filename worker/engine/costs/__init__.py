"""The cost of a network, and how saved compute is weighed against the loss."""
