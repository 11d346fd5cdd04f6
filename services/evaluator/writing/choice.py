"""Which writer a model may be trusted with, and is faster with."""

from typing import Any, Literal

import numpy as np
import torch
from lm_eval.api.instance import Instance
from lm_eval.models.huggingface import HFLM
from lm_eval.models.utils import normalize_gen_kwargs
from transformers import PreTrainedModel
from transformers.utils.import_utils import is_flash_attn_2_available, is_flash_attn_3_available

from contracts.evaluation import Engine as Chosen
from services.evaluator.scoring.choice import (
    allowed_difference,
    by_stock,
    first_line,
    largest_difference,
)
from services.evaluator.scoring.compiling import compile_ids
from services.evaluator.usage import Usage
from services.evaluator.writing.continuous import ContinuousWriter
from services.evaluator.writing.decoding import left_out
from services.evaluator.writing.stock import StockWriter
from services.evaluator.writing.writer import Batch, Writer

_PROBED = 8
_PROBED_TOKENS = 16


def choose(
    model: HFLM,
    requests: list[Instance],
    stock: StockWriter,
    usage: Usage,
    wanted: Literal["auto", "hf", "continuous"] = "auto",
) -> tuple[Writer, Chosen]:
    """Continuous batching where it is faster, or wherever it works if it is `wanted`; in any case
    lm-eval's own backend has to find what it writes as likely as it does itself."""
    if wanted == "hf":
        return stock, Chosen(name=stock.name, reason="as the operator chose")
    refusal = _unfit(model, requests)
    if not refusal and wanted == "auto":
        refusal = too_slow(model.device.type, model.model.dtype, _has_flash_attention(model.model))
    if refusal:
        return stock, Chosen(name=stock.name, reason=f"continuous: {refusal}")
    writer = ContinuousWriter(model, usage)
    try:
        differs, tolerated, probed = _probe(model, writer, requests)
    except torch.AcceleratorError:  # nothing works on the device after that
        raise
    except Exception as fault:  # whatever a model's own code does with an unusual call
        return stock, Chosen(name=stock.name, reason=f"continuous: {first_line(fault)}")
    if differs <= tolerated:
        reason = f"differs from lm-eval's own backend by {differs:.1g} nats at most"
        return writer, Chosen(name=writer.name, reason=reason, probed=probed, difference=differs)
    reason = f"continuous: differs by {differs:.2g} nats"
    return stock, Chosen(name=stock.name, reason=reason, probed=probed)


def too_slow(device: str, dtype: torch.dtype, has_flash_attention: bool) -> str | None:
    """Why continuous batching would take longer than lm-eval's own batches, if it would. Without
    flash attention every token attends, under a mask, to the cache of all prompts: on a CPU it is
    1.3 to 2.7 times slower."""
    if device != "cuda":
        return f"slower on a {device}"
    if dtype not in (torch.float16, torch.bfloat16):
        return f"slower without flash attention, which does not work in {dtype}"
    if not has_flash_attention:
        return "slower without flash attention, which this evaluator or model lacks"
    return None


def _has_flash_attention(model: PreTrainedModel) -> bool:
    installed = is_flash_attn_3_available(kernels_fallback_ok=True) or is_flash_attn_2_available(
        kernels_fallback_ok=True
    )
    return bool(model._supports_flash_attn and installed)


def _unfit(model: HFLM, requests: list[Instance]) -> str | None:
    if not hasattr(model.model, "init_continuous_batching"):
        return "the model's class has none"
    if len(set(getattr(model.model, "hf_device_map", {}).values())) > 1:
        return "the model's layers are on several devices"
    for options in _distinct(requests):
        if lost := left_out(model.model, options):
            return f"it knows no {lost}"
    return None


def _distinct(requests: list[Instance]) -> list[dict[str, Any]]:
    return list({repr(request.args[1]): request.args[1] for request in requests}.values())


def _probe(
    model: HFLM, writer: ContinuousWriter, requests: list[Instance]
) -> tuple[float, float, int]:
    """How far apart the log-likelihoods are that both give to what `writer` wrote, how far they may
    be, and how many were compared."""
    most = max(
        normalize_gen_kwargs(options, model.max_gen_toks)["max_gen_toks"]
        for options in _distinct(requests)
    )
    contexts = sorted({request.args[0] for request in requests}, key=len)
    places = np.linspace(0, len(contexts) - 1, _PROBED).astype(int)
    prompts, mask = model.tok_batch_encode(
        [contexts[place] for place in np.unique(places)], left_truncate_len=model.max_length - most
    )
    batch = Batch(prompts, mask, min(most, _PROBED_TOKENS), [], {"do_sample": False})
    found, pairs = [], []
    for row, tokens, logprob in writer.written(batch, lambda: False):
        found.append((logprob, True))
        prompt = prompts[row][mask[row].bool()]
        pairs.append((prompt.numpy().astype(np.int32), np.array(tokens, np.int32)))
    probe = compile_ids(pairs, model.max_length)
    expected = by_stock(model, probe, 1)
    difference = largest_difference(found, expected)
    return difference, allowed_difference(model, probe, expected), len(found)
