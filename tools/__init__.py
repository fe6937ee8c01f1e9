"""Programs for those who make releases: they need libraries that the product does not."""
