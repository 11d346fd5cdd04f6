"""NLTK's data, which lm-eval's IFEval fetches from GitHub while the task is loaded."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import nltk


@contextmanager
def nltk_data_required() -> Iterator[None]:
    """Raises OSError where a task's definition asks for data that NLTK neither has nor can fetch.
    NLTK itself prints a line and goes on; the task would break on the first answer that needs it,
    after the model has written all of them."""
    download = nltk.download

    def download_or_raise(resource: str, **options: Any) -> None:
        try:
            download(resource, **options, raise_on_error=True)
        except (ValueError, OSError) as fault:
            raise OSError(
                f"NLTK's {resource} is not on this machine and could not be fetched. Put it into a"
                f" folder as NLTK lays it out (tokenizers/{resource}) and set NLTK_DATA to that"
                f" folder for the evaluators. {fault}"
            ) from fault

    nltk.download = download_or_raise
    try:
        yield
    finally:
        nltk.download = download
