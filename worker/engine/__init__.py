"""Pruning itself: functions over tensors, from torch and the domain alone; no files, no database, no network."""
