"""Runs every task of a board on one model at a time and publishes each task's raw scores."""
