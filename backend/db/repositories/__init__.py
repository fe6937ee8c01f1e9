"""Repositories, one per noun: the only place where queries are written."""
