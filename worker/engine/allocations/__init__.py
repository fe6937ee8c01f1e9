"""Which group gives the next channel, one method a class."""
