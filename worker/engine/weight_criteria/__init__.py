"""How a single weight is scored, one method a class; a higher score means keep."""
