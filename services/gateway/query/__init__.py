"""Searches, filters, ranks and orders the rows of a board, for every format they are served in."""
