"""Boards and their rows: the routes, the shapes of their answers, and boards as they were."""
