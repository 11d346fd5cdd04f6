"""README.md → what the model says about itself."""

from pathlib import Path
from typing import Any

import yaml
from huggingface_hub.repocard import REGEX_YAML_BLOCK

from services.validator.facts import Card

# Reading YAML takes some seconds for so much.
_MOST_METADATA = 500_000
# What is found goes into an event, which has to stay small whatever a card says.
_MOST_CHARACTERS = 500
_MOST_TEXTS = 100


class UnreadableCardError(Exception):
    """The message is fit to show to the submitter."""


def read_card(path: Path) -> Card:
    """Raises UnreadableCardError."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as fault:
        raise UnreadableCardError("The repository has no README.md.") from fault
    except UnicodeDecodeError as fault:
        raise UnreadableCardError("README.md is no text in UTF-8.") from fault
    block = REGEX_YAML_BLOCK.search(text)
    if block is None:
        return Card(characters=len(text.strip()))
    if len(block[2]) > _MOST_METADATA:
        raise UnreadableCardError(
            f"The metadata of README.md has {len(block[2]):,} characters; at most"
            f" {_MOST_METADATA:,} are read."
        )
    try:
        # JSON and YAML of another shape raise as many classes as there are shapes.
        metadata = yaml.safe_load(block[2])
    except (yaml.YAMLError, ValueError, RecursionError) as fault:
        where = " ".join(str(fault).split())[:200]
        raise UnreadableCardError(f"The metadata of README.md is no YAML: {where}") from fault
    return _card(metadata if isinstance(metadata, dict) else {}, text[block.end() :])


def _card(metadata: dict[Any, Any], body: str) -> Card:
    return Card(
        license=", ".join(_texts(metadata.get("license"))) or None,
        license_name=", ".join(_texts(metadata.get("license_name"))) or None,
        license_link=", ".join(_texts(metadata.get("license_link"))) or None,
        characters=len(body.strip()),
        base_models=_texts(metadata.get("base_model")),
        is_declared_merge=metadata.get("base_model_relation") == "merge",
        tags=frozenset(_texts(metadata.get("tags"))),
    )


def _texts(value: object) -> tuple[str, ...]:
    """A text or a list of them, as authors write either; what is neither text nor number is left
    out, and so is what no name or address is as long as."""
    values = value if isinstance(value, list) else [value]
    written = (
        str(each).strip()
        for each in values
        if isinstance(each, str | int | float) and not isinstance(each, bool)
    )
    return tuple(text for text in written if 0 < len(text) <= _MOST_CHARACTERS)[:_MOST_TEXTS]
