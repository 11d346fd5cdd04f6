"""`podium dead-letters list`, `show` and `replay`: what nobody could handle; for moderators."""

import json
from typing import Annotated, Any

import httpx
import typer
from rich.console import Group
from rich.table import Table
from rich.text import Text

from cli.console import console, print_json
from cli.gateway import Gateway
from cli.options import LOCAL_GATEWAY, AsJson, GatewayUrl, Token

dead_letters = typer.Typer(
    no_args_is_help=True,
    help="What nobody could handle, and how to have it done again; for moderators.\n\n"
    "Example: podium dead-letters list",
)

Sequence = Annotated[int, typer.Argument(help="Number that `podium dead-letters list` printed.")]


@dead_letters.command("list")
def list_letters(
    before: Annotated[
        int | None, typer.Option(help="Show what is older than this number.", show_default=False)
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=100, help="Most letters to show.")] = 50,
    as_json: AsJson = False,
    token: Token = None,
    gateway: GatewayUrl = LOCAL_GATEWAY,
) -> None:
    """List dead letters, the newest first.

    Example: podium dead-letters list --limit 10
    """
    with Gateway(gateway, token) as client:
        page = client.dead_letters(before, limit)
    if as_json:
        print_json(page)
        return
    if not (page["items"] or page["next"]):
        console.print("There are none.")
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("number", "when", "by", "about", "replay", "reason"):
        table.add_column(heading, overflow="fold")
    for letter in page["items"]:
        table.add_row(
            str(letter["sequence"]),
            letter["at"][:16],
            letter["consumer"],
            _about(letter),
            _replay(letter),
            Text(letter["reason"]),
        )
    console.print(table)
    if page["next"]:
        older = httpx.URL(page["next"]).params["before"]
        console.print(f"More: podium dead-letters list --before {older}")


@dead_letters.command()
def show(
    sequence: Sequence,
    as_json: AsJson = False,
    token: Token = None,
    gateway: GatewayUrl = LOCAL_GATEWAY,
) -> None:
    """Show one dead letter with the message that was lost.

    Example: podium dead-letters show 12
    """
    with Gateway(gateway, token) as client:
        letter = client.dead_letter(sequence)
    if as_json:
        print_json(letter)
        return
    facts = Table(box=None, pad_edge=False, show_header=False)
    facts.add_column(style="bold")
    facts.add_column(overflow="fold")
    facts.add_row("when", letter["at"])
    facts.add_row("by", letter["consumer"])
    facts.add_row("from", letter["subject"])
    facts.add_row("about", _about(letter))
    facts.add_row("reason", Text(letter["reason"]))
    facts.add_row("replay", Text(letter["obstacle"] or f"podium dead-letters replay {sequence}"))
    if done := letter["replayed"]:
        who = done["by"] or "somebody"
        facts.add_row("replayed", Text(f"{done['at'][:16]} by {who}: {done['reason']}"))
    for name, value in sorted(letter["headers"].items()):
        facts.add_row(name, Text(value))
    body = json.dumps(letter["decoded"], indent=2) if letter["decoded"] else letter["body"]
    console.print(Group(facts, Text(), Text(body)))


@dead_letters.command()
def replay(
    sequence: Sequence,
    reason: Annotated[str, typer.Option(help="Why; everybody can read it.")],
    token: Token = None,
    gateway: GatewayUrl = LOCAL_GATEWAY,
) -> None:
    """Have what was lost done again: its submission gets another run.

    Example: podium dead-letters replay 12 --reason "the disk has room again"
    """
    with Gateway(gateway, token) as client:
        asked = client.post(f"/api/v1/dead-letters/{sequence}/replay", {"reason": reason})
    console.print(f"Run {asked['run']} was asked for.")
    console.print(f"podium status {asked['request_id']} --gateway {gateway}")


def _about(letter: dict[str, Any]) -> str:
    """The submission and its run, as far as they are known."""
    run = f"run {letter['run']}" if letter["run"] else ""
    return " ".join(filter(None, (letter["request_id"], run)))


def _replay(letter: dict[str, Any]) -> str:
    if letter["replayed"]:
        return "done"
    return "possible" if letter["can_replay"] else ""
