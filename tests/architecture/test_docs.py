"""Documentation that a change of the code makes wrong fails here."""

import re
from importlib import import_module
from pathlib import Path

import pytest

from contracts.base import Contract
from contracts.board import Board, BoardTask, Limits, Source, Subtask
from contracts.registry import VIEW_TYPES
from runtime.settings import REPOSITORY, ServiceSettings
from services.gateway.http.errors import ErrorCode

SERVICES = ("validator", "evaluator", "aggregator", "gateway")
for name in SERVICES:
    import_module(f"services.{name}.settings")


@pytest.mark.parametrize("settings", ServiceSettings.__subclasses__(), ids=lambda s: s.__name__)
def test_every_setting_is_in_the_operations_page(settings: type[ServiceSettings]) -> None:
    page = (REPOSITORY / "docs" / "operations.md").read_text()

    variables = [settings.variable(name) for name in settings.model_fields]

    assert [each for each in variables if f"`{each}`" not in page] == []


@pytest.mark.parametrize("settings", ServiceSettings.__subclasses__(), ids=lambda s: s.__name__)
def test_every_setting_says_what_it_means(settings: type[ServiceSettings]) -> None:
    assert [n for n, field in settings.model_fields.items() if not field.description] == []


@pytest.mark.parametrize("part", [Board, BoardTask, Subtask, Limits, Source])
def test_every_field_of_a_board_file_is_in_its_page(part: type[Contract]) -> None:
    page = (REPOSITORY / "docs" / "boards.md").read_text()

    assert [name for name in part.model_fields if not re.search(rf"\b{name}\b", page)] == []


def test_the_api_page_has_every_error_and_every_view_that_is_streamed() -> None:
    page = (REPOSITORY / "docs" / "api.md").read_text()
    views = [view.type_name().rpartition(".")[2] for view in VIEW_TYPES]

    assert [name for name in (*ErrorCode, *views) if f"`{name}`" not in page] == []


def pages() -> list[Path]:
    return [*sorted(REPOSITORY.glob("*.md")), *sorted((REPOSITORY / "docs").rglob("*.md"))]


def anchors(page: Path) -> set[str]:
    """Of its headings, as GitHub makes them."""
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.M | re.S)
    headings = re.findall(r"^#+ (.+)$", text, re.M)
    return {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings}


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_every_link_inside_the_repository_leads_somewhere(page: Path) -> None:
    text = page.read_text()
    links = re.findall(r"\]\(([^)#\s]*)#?([^)\s]*)\)", text)
    links += [(picture, "") for picture in re.findall(r'src(?:set)?="([^"]+)"', text)]
    inside = [
        (page.parent / target if target else page, place)
        for target, place in links
        if "://" not in target
    ]

    broken = [
        (target, place)
        for target, place in inside
        if not target.exists()
        or (place and target.suffix == ".md" and place not in anchors(target))
    ]

    assert broken == []


def test_every_decision_is_in_the_index_with_a_status() -> None:
    folder = REPOSITORY / "docs" / "adr"
    index = (folder / "README.md").read_text()

    records = sorted(folder.glob("0*.md"))

    assert records
    for record in records:
        assert f"({record.name})" in index
        assert re.search(r"^Status: (accepted|superseded by \d+)", record.read_text(), re.M)
