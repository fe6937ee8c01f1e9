"""Estimators of gradients through binary gates, whose draws have none."""
