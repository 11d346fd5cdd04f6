"""What libraries raise for a model's files → a fault that the model's author can mend."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from services.evaluator.failures import EvaluationFault, blame_infrastructure, blame_model
from services.evaluator.model_files.repository import Repository

_MOST_CHARACTERS = 500
_RUST_PANIC = "PanicException"  # tokenizers panics over some files, and no module exports the class
_HOST_MEMORY_RAN_OUT = "DefaultCPUAllocator"


@contextmanager
def blamed_on(repository: Repository, code: str, message: str, advice: str) -> Iterator[None]:
    """What the block raises becomes a failure with this code; `message` is followed by a colon and
    what was raised. Packages and memory that the evaluator lacks have failures of their own.

    Everything is caught, because files decide which line of transformers is reached and how it
    fails; only the loss of the accelerator, which says nothing about them, goes through."""
    try:
        yield
    except (EvaluationFault, torch.AcceleratorError):
        raise
    except (torch.OutOfMemoryError, MemoryError) as fault:
        raise out_of_memory(fault) from fault
    except ImportError as fault:
        raise lacks_package(str(fault)) from fault
    except BaseException as fault:
        if not isinstance(fault, Exception) and type(fault).__name__ != _RUST_PANIC:
            raise
        if _HOST_MEMORY_RAN_OUT in str(fault):
            raise out_of_memory(fault) from fault
        raise blame_model(code, f"{message}: {_in_one_line(fault, repository)}", advice) from fault


def out_of_memory(fault: BaseException) -> EvaluationFault:
    return blame_model(
        "out-of-memory",
        f"The model does not fit the evaluator's memory: {_in_one_line(fault)}",
        "Submit it at a precision with fewer bits, or ask a moderator for a larger tier.",
    )


def lacks_package(detail: str) -> EvaluationFault:
    return blame_infrastructure(
        "evaluator-lacks-package",
        f"This evaluator lacks a Python package that the model needs: {' '.join(detail.split())}",
        "Ask the operators to install the package on the evaluators, and request a re-run then.",
    )


def needs_remote_code(file: str) -> EvaluationFault:
    return blame_model(
        "remote-code-needed",
        f"The model only loads with code from its repository, which is never run here: `auto_map`"
        f" in {file} names it.",
        "Use an architecture and tokenizer that are part of transformers.",
    )


def _in_one_line(fault: BaseException, repository: Repository | None = None) -> str:
    text = " ".join(str(fault).split())
    if repository:  # where an evaluator keeps its files tells a submitter nothing
        text = text.replace(f"{repository.folder}/", "").replace(str(repository.folder), "it")
    if isinstance(fault, LookupError) or not text:
        text = f"{type(fault).__name__} {text}".strip()
    return text[:_MOST_CHARACTERS]
