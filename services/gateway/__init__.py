"""Serves the board over HTTP and as a page, and turns submissions into events."""
