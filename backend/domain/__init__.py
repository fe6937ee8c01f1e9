"""Floor 0: plain frozen values; pydantic and the standard library only."""
