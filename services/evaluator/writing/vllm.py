"""lm-eval's vLLM backend, which loads the model's files a second time."""

import gc
from pathlib import Path

import torch
from lm_eval.api.instance import Instance
from lm_eval.models.huggingface import HFLM

from services.evaluator.usage import Usage

NAME = "vllm"
_MEMORY_SHARE = 0.85
"""Of the GPU's memory, all of which is free but for what PyTorch keeps while the other load of the
model is in main memory."""


def texts_by_vllm(
    model: HFLM, folder: Path | None, requests: list[Instance], usage: Usage
) -> list[str]:
    """`folder` has the weights that `model` holds; None where no files do. vLLM does not tell what
    it forwards: tokens are counted as if nothing were shared. Raises whatever vLLM does."""
    if folder is None:
        raise ValueError("no files have the weights as they are evaluated")
    if model.device.type != "cuda" or model.device.index not in (None, 0):
        raise ValueError(f"it takes the first GPU, and the model is on {model.device}")
    # Not among Podium's requirements.
    from lm_eval.models.vllm_causallms import VLLM

    device = model.device
    model.model.to("cpu")
    try:
        _empty_caches()
        backend = VLLM(
            pretrained=str(folder),
            dtype=str(model.model.dtype).removeprefix("torch."),
            max_model_len=model.max_length,
            add_bos_token=model.add_bos_token,
            gpu_memory_utilization=_MEMORY_SHARE,
        )
        texts: list[str] = backend.generate_until(requests, disable_tqdm=True)
    finally:
        backend = None
        _empty_caches()
        model.model.to(device)
    _count(model, requests, texts, usage)
    return texts


def _empty_caches() -> None:
    gc.collect()
    torch.cuda.empty_cache()


def _count(model: HFLM, requests: list[Instance], texts: list[str], usage: Usage) -> None:
    prompts = sum(len(model.tok_encode(request.args[0])) for request in requests)
    written = sum(len(model.tok_encode(text, add_special_tokens=False)) for text in texts)
    usage.generated_tokens += written
    usage.forwarded_tokens += prompts + written
    usage.stock_tokens += prompts + written
