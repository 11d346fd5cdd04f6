"""What a board's rows show together: pure functions from rows to charts and their tables."""
