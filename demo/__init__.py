"""The tiny models, the small tasks and the submissions that the demo shows."""
