"""The tags a Hub derives from a card and a config: what lists are filtered by."""

from collections.abc import Iterator

from localhub.repos import RepoKind

_PREFIX_OF_FIELD = {
    RepoKind.MODEL: {
        "library_name": "",
        "pipeline_tag": "",
        "tags": "",
        "language": "",
        "datasets": "dataset:",
        "base_model": "base_model:",
        "license": "license:",
    },
    RepoKind.DATASET: {
        "task_categories": "task_categories:",
        "language": "language:",
        "size_categories": "size_categories:",
        "license": "license:",
        "tags": "",
    },
}


def library_name(card: dict[str, object], config: dict[str, object]) -> str | None:
    """The card's word, else transformers when the config names an architecture of it."""
    stated = card.get("library_name")
    if isinstance(stated, str):
        return stated
    return "transformers" if "architectures" in config else None


def pipeline_tag(card: dict[str, object], config: dict[str, object]) -> str | None:
    """The card's word, else text-generation for a causal language model."""
    stated = card.get("pipeline_tag")
    if isinstance(stated, str):
        return stated
    causal = any(name.endswith("ForCausalLM") for name in _words(config.get("architectures")))
    return "text-generation" if causal else None


def tags(
    kind: RepoKind, card: dict[str, object], config: dict[str, object], *, safetensors: bool
) -> list[str]:
    """Without repeats, in the order they are found."""
    described = dict(card)
    found: list[str] = []
    if kind is RepoKind.MODEL:
        described["library_name"] = library_name(card, config)
        described["pipeline_tag"] = pipeline_tag(card, config)
        found += ["safetensors"] * safetensors
        found += _words(config.get("model_type"))
    for field, prefix in _PREFIX_OF_FIELD[kind].items():
        found += [prefix + word for word in _words(described.get(field))]
    return list(dict.fromkeys([*found, "region:us"]))


def _words(value: object) -> Iterator[str]:
    """A card gives one word or a list of them."""
    yield from (
        word for word in (value if isinstance(value, list) else [value]) if isinstance(word, str)
    )
