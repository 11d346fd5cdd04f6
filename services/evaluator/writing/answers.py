"""All of a task's answers, by the writer of choice."""

from collections.abc import Callable
from pathlib import Path

import torch
from lm_eval.api.instance import Instance
from lm_eval.models.huggingface import HFLM

from contracts.evaluation import Engine as Chosen
from services.evaluator.protocol import Generation
from services.evaluator.scoring.choice import first_line
from services.evaluator.scoring.slices import Course
from services.evaluator.scoring.stock import batches_of
from services.evaluator.usage import Usage
from services.evaluator.writing import vllm
from services.evaluator.writing.choice import choose
from services.evaluator.writing.run import Run
from services.evaluator.writing.stock import StockWriter

_ALL_AT_ONCE = 1 << 30


def answers(
    model: HFLM,
    requests: list[Instance],
    generate_until: Callable[[Run], list[str]],
    *,
    wanted: Generation,
    folder: Path | None,
    setting: str,
    course: Course,
    usage: Usage,
) -> list[str]:
    """`generate_until` is lm-eval's own, with `Run.complete` in the place of `_model_generate`;
    `folder` has the weights as they are evaluated, if files do. Raises Stopping, and
    EvaluationFault for logits that are no numbers."""
    refusals = []
    if wanted == vllm.NAME:
        try:
            with usage.phase("generate"):
                texts = vllm.texts_by_vllm(model, folder, requests, usage)
        except torch.AcceleratorError:  # nothing works on the device after that
            raise
        except Exception as fault:  # whatever a backend does that was never tried here
            refusals.append(f"vllm: {first_line(fault)}")
        else:
            usage.engine = Chosen(name=vllm.NAME, reason="as the operator chose")
            return texts
    stock = StockWriter(model)
    with usage.phase("probe"):
        choice = "auto" if wanted == "vllm" else wanted
        writer, usage.engine = choose(model, requests, stock, usage, choice)
    reason = "; ".join([*refusals, usage.engine.reason])
    usage.engine = usage.engine.model_copy(update={"reason": reason})
    run = Run(model, requests, writer, stock, setting=setting, course=course, usage=usage)
    with usage.phase("generate"), batches_of(model, _ALL_AT_ONCE):
        return generate_until(run)
