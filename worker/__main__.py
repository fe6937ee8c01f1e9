"""`python -m worker` is the `secateur` command."""

from worker.cli import main

main()
