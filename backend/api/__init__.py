"""Floor 3: HTTP; parse, one service call, return."""
