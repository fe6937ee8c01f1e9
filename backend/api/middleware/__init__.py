"""What every request passes before a route sees it; each refuses by itself, so that no route can forget."""
