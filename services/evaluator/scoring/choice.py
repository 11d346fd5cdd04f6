"""Which engine a model may be trusted with. A wrong score is worse than a slow one, so each has to
agree with lm-eval's own backend on some of the very questions before it answers the rest."""

import dataclasses
import functools
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from lm_eval.models.huggingface import HFLM

from contracts.evaluation import Engine as Chosen
from services.evaluator.scoring.compiling import Compiled, compile_ids
from services.evaluator.scoring.engine import Answer, Engine, run_whole
from services.evaluator.scoring.fork import ForkEngine
from services.evaluator.scoring.prefix_tree import PrefixTreeEngine
from services.evaluator.scoring.stock import StockEngine, batches_of, changed

_PROBED = 16
_TOLERANCE_NATS = {torch.float32: 1e-3, torch.float16: 0.05, torch.bfloat16: 0.3}
"""Rounding alone stays below these; a wrong mask or position is off by 0.3 to 10 nats."""
_NOISE_FACTOR = 4.0
"""Rounding differs between lm-eval's own batch sizes, too; so many times that is allowed."""
_SWITCHING_ROPES = {"dynamic", "longrope"}
"""Rotary embeddings that change for all tokens of a sequence once it has a certain length."""


_SMALL_CHUNK = 32
_CPU_BUDGET = 512
_GPU_BUDGET = 2048
_GPU_BUDGET_WITHOUT_DENSE_MASK = 8192
_SMALL_MODEL = 3_000_000_000
"""Parameters up to which starting a kernel costs more than running it, so that chunks have to be
long, and a dense mask with them more than all of the rest."""


@dataclass(frozen=True)
class Candidate:
    """A way to score, and the tokens it puts in one forward pass."""

    title: str
    make: Callable[[HFLM, int], Engine]
    budget: int = 0


def candidates(model: HFLM) -> tuple[Candidate, ...]:
    """The fastest first."""
    tree = Candidate("tree", PrefixTreeEngine, _CPU_BUDGET)
    fork = Candidate("fork", lambda model, _: ForkEngine(model))
    if model.device.type == "cpu":
        return tree, fork
    tree = dataclasses.replace(tree, budget=_GPU_BUDGET)
    if model.model.num_parameters() > _SMALL_MODEL:
        return tree, fork
    return TREE_OF_BLOCKS, tree, fork


TREE_OF_BLOCKS = Candidate(
    "tree with FlexAttention",
    functools.partial(PrefixTreeEngine, skips_blocks=True),
    _GPU_BUDGET_WITHOUT_DENSE_MASK,
)


def choices(
    model: HFLM, compiled: Compiled, among: Sequence[Candidate]
) -> Generator[tuple[Engine, Chosen], str | None]:
    """The candidates that give the answers of lm-eval's own backend, one after the other, and at
    last that backend. What a probe finds sound may still fail on a whole task, with longer chunks
    than a probe's: whoever asks for the next engine sends what has become of the one before."""
    if limit := _switches_rope_at(model, compiled):
        reason = f"the rotary embedding changes at {limit} tokens"
        yield StockEngine(model), Chosen(name=StockEngine.name, reason=reason)
        return
    probe = _probe(compiled)
    expected = by_stock(model, probe, 1)
    allowed = allowed_difference(model, probe, expected)
    # Small chunks, so that the probe is cut like a whole task is.
    small = max(_SMALL_CHUNK, len(probe.tree) // 3)
    refusals = []
    for candidate in among:
        try:
            answers = run_whole(candidate.make(model, small), probe)
        except torch.AcceleratorError:  # nothing works on the device after that
            raise
        except Exception as fault:  # whatever a model's own code does with an unusual call
            refusals.append(f"{candidate.title}: {first_line(fault)}")
            continue
        difference = largest_difference(answers, expected)
        if not difference <= allowed:
            refusals.append(f"{candidate.title}: differs by {difference:.2g} nats")
            continue
        engine = candidate.make(model, candidate.budget)
        reason = f"{candidate.title}: differs by {difference:.1g} nats at most"
        failure = yield (
            engine,
            Chosen(
                name=engine.name,
                reason="; ".join([*refusals, reason]),
                probed=len(probe),
                difference=difference,
            ),
        )
        refusals.append(f"{candidate.title}: {failure}")
    yield (
        StockEngine(model),
        Chosen(name=StockEngine.name, reason="; ".join(refusals), probed=len(probe)),
    )


def _probe(compiled: Compiled) -> Compiled:
    """Neighbours in the stream, from all over it: they share prefixes. Among them is the longest
    input, because windows and rotary embeddings show at a distance."""
    order = np.argsort(compiled.leaves, kind="stable")
    places = np.linspace(0, max(0, len(order) - 2), _PROBED // 2 - 1).astype(int)
    longest = int(np.argmax(compiled.lengths()[order]))
    places = np.append(places, min(longest, max(0, len(order) - 2)))
    chosen = np.unique(np.concatenate([places, places + 1, [longest]]).clip(max=len(order) - 1))
    return compile_ids([_pair(compiled, request) for request in order[chosen]], _NO_LIMIT)


_NO_LIMIT = 1 << 30  # the inputs have been cut before


def _pair(compiled: Compiled, request: int) -> tuple[np.ndarray, np.ndarray]:
    continuation = compiled.continuation_of(request)
    whole = np.append(compiled.path_to(compiled.leaves[request]), continuation[-1:])
    return whole[: -len(continuation)], continuation


def allowed_difference(model: HFLM, probe: Compiled, expected: list[Answer]) -> float:
    floor = _TOLERANCE_NATS.get(model.model.dtype, _TOLERANCE_NATS[torch.bfloat16])
    if model.model.dtype is torch.float32:
        return floor
    try:
        noise = largest_difference(by_stock(model, probe, 4), expected)
    except torch.OutOfMemoryError:  # that many may not fit beside each other; one by one they did
        noise = 0.0
    return max(floor, _NOISE_FACTOR * noise)


def by_stock(model: HFLM, probe: Compiled, batch_size: int) -> list[Answer]:
    # In the model's own half precision lm-eval's sums are as coarse as a wrong mask is wrong.
    with batches_of(model, batch_size), changed(model, "softmax_dtype", torch.float32):
        return run_whole(StockEngine(model), probe)


def largest_difference(answers: list[Answer], expected: list[Answer]) -> float:
    """NaN, which no tolerance admits, when an answer is NaN."""
    return float(
        np.max(np.abs([one[0] - other[0] for one, other in zip(answers, expected, strict=True)]))
    )


def _switches_rope_at(model: HFLM, compiled: Compiled) -> int | None:
    """The length at which this model turns all its keys differently, if inputs reach it: keys that
    are shared among shorter and longer inputs would be wrong for one of them."""
    config = model.model.config.get_text_config()
    rope = getattr(config, "rope_parameters", None) or {}
    by_layer = [rope, *(value for value in rope.values() if isinstance(value, dict))]
    if not any(each.get("rope_type") in _SWITCHING_ROPES for each in by_layer):
        return None
    limits = [each.get("original_max_position_embeddings") for each in by_layer]
    limit = min(
        [int(limit) for limit in limits if limit]
        or [
            int(
                getattr(config, "original_max_position_embeddings", 0)
                or config.max_position_embeddings
            )
        ]
    )
    return limit if int(compiled.lengths().max()) > limit else None


def first_line(fault: Exception) -> str:
    text = str(fault).strip().splitlines()
    return f"{type(fault).__name__}: {text[0][:160]}" if text else type(fault).__name__
