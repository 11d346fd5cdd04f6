"""A Hub-compatible server over a folder: the read side of the API that the real clients speak."""
