"""What a repository's own files say about it: the card, the config and the safetensors headers."""

import math
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import yaml
from pydantic import BaseModel, NonNegativeInt, TypeAdapter
from pydantic_core import from_json, to_jsonable_python

CARD_LIMIT_BYTES = 1024 * 1024
JSON_LIMIT_BYTES = 4 * 1024 * 1024
"""A larger file is taken to say nothing: a listing must not read without bound."""

HEADER_LIMIT_BYTES = 100_000_000
"""The safetensors format's own limit."""


class _Tensor(BaseModel):
    dtype: str
    shape: list[NonNegativeInt]


_HEADER = TypeAdapter(dict[str, _Tensor])


class _CardLoader(yaml.SafeLoader):
    """Knows no aliases: a few lines of them can stand for more data than memory holds."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("aliases are not read")
        return super().compose_node(parent, index)


def read_card(path: Path) -> dict[str, object]:
    """The YAML front matter of a README.md; empty when there is none that is a mapping."""
    with path.open(encoding="utf-8", errors="replace") as file:
        lines = file.read(CARD_LIMIT_BYTES).lstrip("\ufeff").split("\n")
    if not lines or lines[0].strip() != "---":
        return {}
    end = next((number for number, line in enumerate(lines) if number and line == "---"), 0)
    try:
        card = to_jsonable_python(
            yaml.load("\n".join(lines[1:end]), _CardLoader), inf_nan_mode="null"
        )
    except (yaml.YAMLError, ValueError, RecursionError):
        return {}
    return card if isinstance(card, dict) else {}


def read_json_object(path: Path) -> dict[str, object]:
    """A file such as config.json; empty when it is no such thing."""
    with path.open("rb") as file:
        content = file.read(JSON_LIMIT_BYTES)
    try:
        found = from_json(content)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def read_parameters(path: Path) -> Mapping[str, int]:
    """Number of parameters by dtype from a safetensors header; empty when it has no valid one."""
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        header = file.read(length) if length <= HEADER_LIMIT_BYTES else b""
    try:
        described = from_json(header)
        if not isinstance(described, dict):
            return {}
        described.pop("__metadata__", None)
        tensors = _HEADER.validate_python(described)
    except ValueError:
        return {}
    parameters: Counter[str] = Counter()
    for tensor in tensors.values():
        parameters[tensor.dtype] += math.prod(tensor.shape)
    return parameters
