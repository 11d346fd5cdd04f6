from collections.abc import Iterator
from typing import Any

from contracts.asyncapi import asyncapi
from contracts.registry import EVENT_TYPES, NOT_STORED, VIEW_TYPES

DOCUMENT = asyncapi()


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for one in node.values():
            yield from references(one)
    elif isinstance(node, list):
        for one in node:
            yield from references(one)


def resolved(reference: str) -> Any:
    node: Any = DOCUMENT
    for key in reference.removeprefix("#/").split("/"):
        node = node[key]
    return node


def test_every_message_has_a_channel_at_its_subject() -> None:
    addresses = {name: channel["address"] for name, channel in DOCUMENT["channels"].items()}

    assert addresses == {
        one.type_name(): one.SUBJECT for one in (*EVENT_TYPES, *VIEW_TYPES, *NOT_STORED)
    }


def test_every_reference_leads_somewhere() -> None:
    found = set(references(DOCUMENT))

    assert "#/components/schemas/ModelRef" in found
    for reference in found:
        assert resolved(reference), reference


def test_every_parameter_of_a_subject_says_what_it_is() -> None:
    silent = [
        f"{name}.{parameter}"
        for name, channel in DOCUMENT["channels"].items()
        for parameter, described in channel["parameters"].items()
        if not described["description"]
    ]

    assert silent == []
