"""Each command's help has an example, and what it and the pages show is understood."""

import re
import shlex
from collections.abc import Iterator

import pytest
from typer.core import TyperGroup
from typer.main import get_group

from cli.__main__ import app
from runtime.settings import REPOSITORY

ROOT = get_group(app)


def helps(group: TyperGroup, name: str) -> Iterator[tuple[str, str]]:
    """Each command's name and help, that of groups too."""
    yield name, group.help or ""
    for word, command in group.commands.items():
        if isinstance(command, TyperGroup):
            yield from helps(command, f"{name} {word}")
        else:
            yield f"{name} {word}", command.help or ""


HELPS = list(helps(ROOT, "podium"))


def assert_understood(call: str) -> None:
    """Nothing is run: words, options and values are taken apart as the command would."""
    program, *words = shlex.split(call, comments=True)
    assert program == "podium"
    group = ROOT
    while words and (found := group.commands.get(words[0])):
        del words[0]
        if not isinstance(found, TyperGroup):
            found.make_context(call, words)
            return
        group = found
    assert not words or words[0].startswith("-"), f"there is no command {words[0]!r}"
    group.make_context(call, words)


def shown(text: str) -> list[str]:
    """The calls of `podium` in blocks of code, without what a shell adds."""
    blocks = re.findall(r"^```sh\n(.*?)^```", text, re.M | re.S)
    lines = "\n".join([*blocks, *re.findall(r"^    (podium .*)$", text, re.M)]).splitlines()
    return [line for line in lines if line.startswith("podium ")]


PAGES = [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").rglob("*.md"))]
CALLS = [(page.name, call) for page in PAGES for call in shown(page.read_text())]


@pytest.mark.parametrize(("name", "text"), HELPS, ids=[name for name, _ in HELPS])
def test_a_command_has_an_example_that_is_understood(name: str, text: str) -> None:
    [example] = re.findall(r"^Example: (podium.*)$", text, re.M)

    assert example.startswith(name)
    assert_understood(example)


@pytest.mark.parametrize(("name", "text"), HELPS, ids=[name for name, _ in HELPS])
def test_help_is_not_broken_within_a_sentence(name: str, text: str) -> None:
    """Typer keeps the line breaks of all paragraphs but the first."""
    _, *paragraphs = text.split("\n\n")

    assert [each for each in paragraphs if "\n" in each.strip()] == []


def test_the_pages_show_the_command() -> None:
    assert len(CALLS) > 10


@pytest.mark.parametrize(("page", "call"), CALLS)
def test_what_a_page_shows_is_understood(page: str, call: str) -> None:
    assert_understood(call)
