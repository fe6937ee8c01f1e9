"""The compute side of Secateur: sandboxed intake, the pruning engine, delivery and the `secateur` command."""
