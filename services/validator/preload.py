"""Imported once by the fork server, so that no child has to. Every configuration imports what the
first one does, which takes a second where torch is installed."""

from transformers import LlamaConfig, PreTrainedTokenizerFast  # noqa: F401

from services.validator import loading  # noqa: F401
