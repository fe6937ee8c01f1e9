"""Criteria: how a channel is scored, one method a file."""
