"""Chat templates are programs from a model's repository. transformers' sandbox keeps them from
everything but time and memory, so those are limited here."""

import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from jinja2 import TemplateError
from transformers import PreTrainedTokenizerBase

from services.evaluator.failures import EvaluationFault, blame_model

MOST_SECONDS = 5.0
"""Of CPU time for one prompt; real templates take milliseconds. By the clock, a host that stands
still for a moment would fail a model."""
MOST_BYTES = 512 * 2**20
"""Of memory for one prompt."""

_ADVICE = "Correct the chat template, or submit the model without it."


class _OutOfTime(BaseException):
    """No Exception, because Jinja swallows those where it folds constants."""


@contextmanager
def limited(tokenizer: PreTrainedTokenizerBase) -> Iterator[None]:
    """For rendering one prompt with this tokenizer's template, in the main thread.
    Raises EvaluationFault where there is none, it fails, or it takes more than the limits."""
    try:
        tokenizer.get_chat_template()
    except ValueError as fault:  # none at all, or several and none of them the default
        raise blame_model(
            "chat-template-missing",
            "The chat template was asked for, but the tokenizer has none that is the default.",
            "Add a chat template to the repository, or submit without it.",
        ) from fault
    try:
        with _most_seconds(MOST_SECONDS), _most_bytes(MOST_BYTES):
            yield
    except EvaluationFault:
        raise
    except _OutOfTime as fault:
        raise _fails(f"takes longer than {MOST_SECONDS:g} s of CPU time for one prompt") from fault
    except MemoryError as fault:
        raise _fails(f"takes more than {MOST_BYTES / 2**20:g} MiB for one prompt") from fault
    except TemplateError as fault:  # which includes what a template raises by itself
        raise _fails(f"refuses a prompt: {_in_one_line(fault)}") from fault
    except Exception as fault:  # its expressions are Python's, and so are their errors
        raise _fails(f"fails: {type(fault).__name__}: {_in_one_line(fault)}") from fault


@contextmanager
def _most_seconds(seconds: float) -> Iterator[None]:
    def interrupt(number: int, frame: FrameType | None) -> None:
        raise _OutOfTime

    before = signal.signal(signal.SIGPROF, interrupt)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


@contextmanager
def _most_bytes(more: int) -> Iterator[None]:
    """So many more than the process has now."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    with open("/proc/self/statm") as file:
        pages = int(file.read().split()[0])
    limit = pages * resource.getpagesize() + more
    if soft != resource.RLIM_INFINITY:
        limit = min(limit, soft)
    resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def _fails(how: str) -> EvaluationFault:
    return blame_model("chat-template-fails", f"The tokenizer's chat template {how}.", _ADVICE)


def _in_one_line(fault: Exception) -> str:
    return " ".join(str(fault).split())[:300]
