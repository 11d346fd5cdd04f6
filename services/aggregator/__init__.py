"""Folds what happened into how things stand: requests and board entries."""
