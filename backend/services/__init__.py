"""Floor 2: what a user can do, one noun a module; each call runs inside the caller's transaction."""
