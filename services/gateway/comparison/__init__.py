"""Rows side by side, and how sure their differences are."""
