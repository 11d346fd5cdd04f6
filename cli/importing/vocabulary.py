"""The Open LLM Leaderboard's words, in the spellings it used over the years, in ours."""

import re

from contracts.models import ModelType, Precision

# In this order: "continuously pretrained" has "pretrained" in it.
_MODEL_TYPES = (
    (ModelType.FINE_TUNED, ("🔶", "fine-tuned", "finetuned")),
    (ModelType.CONTINUOUSLY_PRETRAINED, ("🟩", "continuously", "continously")),
    (ModelType.PRETRAINED, ("🟢", "pretrained")),
    (ModelType.CHAT, ("💬", "⭕", "🟦", "chat", "instruction-tuned", "rl-tuned")),
    (ModelType.MERGE, ("🤝", "merge")),
    (ModelType.MULTIMODAL, ("🌸", "multimodal")),
    (ModelType.OTHER, ("❓", "?", "other", "unknown")),
)
_PRECISIONS = {"none": Precision.GPTQ} | {str(precision): precision for precision in Precision}
_MERGED = " (Merge)"


def model_type(text: object) -> ModelType:
    """From an icon, a label, or both. Raises ValueError for none of them."""
    said = str(text).lower()
    for kind, words in _MODEL_TYPES:
        if any(word in said for word in words):
            return kind
    raise ValueError(f"is none of the types {', '.join(ModelType)}")


def precision(text: object) -> Precision:
    """Also in torch's spelling. Raises ValueError for another."""
    found = _PRECISIONS.get(str(text).lower().removeprefix("torch."))
    if found is None:
        raise ValueError(f"is none of the precisions {', '.join(Precision)}")
    return found


def parameters(billions: object) -> int:
    """The number itself; 0 where the original wrote -1, 0 or nothing, for unknown. It published 0
    for two models that it could not read, one of them of 70 billion."""
    known = float(str(billions or 0))
    return round(known * 1e9) if known > 0 else 0


def base_models(text: str, repo_id: str) -> tuple[str, ...]:
    """Empty for a model that is its own base, and for a base that was removed from the Hub."""
    name = text.removesuffix(_MERGED)
    return () if name in ("", "Removed", repo_id) else (name,)


def commit(text: object) -> str:
    """Empty for a branch or tag: only a commit says which weights."""
    return str(text) if re.fullmatch(r"[0-9a-f]{40}", str(text)) else ""
