"""Answers that a model writes. lm-eval makes the prompts and reads the text; the tokens between
come from the fastest writer that agrees with lm-eval's own backend."""
