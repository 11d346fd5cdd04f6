"""`podium moderate …`: decisions about models, users and organisations, and the log of them."""

from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from cli.console import console, print_json
from cli.gateway import Gateway
from cli.options import LOCAL_GATEWAY, AsJson, GatewayUrl, Model, Token

moderate = typer.Typer(
    no_args_is_help=True,
    help="Flag, rename and remove models; for moderators. Everybody reads `log`.\n\n"
    'Example: podium moderate flag acme/tiny --reason "trained on MuSR"',
)

Name = Annotated[str, typer.Argument(help="User or organisation on the Hub.")]
Reason = Annotated[str, typer.Option(help="Why; everybody can read it.")]


@moderate.command()
def flag(
    model: Model,
    reason: Reason,
    link: Annotated[str | None, typer.Option(help="Public discussion.")] = None,
    token: Token = None,
    gateway: GatewayUrl = LOCAL_GATEWAY,
) -> None:
    """Mark a model, which stays on the board.

    Example: podium moderate flag acme/tiny --reason "trained on MuSR"
    """
    _decide({"what": "flag", "model": model, "reason": reason, "link": link}, token, gateway)


@moderate.command()
def rename(
    model: Model,
    new_name: Annotated[str, typer.Argument(help="Its name on the Hub from now on.")],
    token: Token = None,
    gateway: GatewayUrl = LOCAL_GATEWAY,
) -> None:
    """Follow a repository to its new name; its rows move with it.

    Example: podium moderate rename acme/tiny acme/tiny-v1
    """
    _decide({"what": "rename", "model": model, "new_name": new_name}, token, gateway)


def _about_model(what: str, does: str, example: str) -> None:
    @moderate.command(what, help=f"{does}\n\nExample: podium moderate {what} {example}")
    def decide(
        model: Model, reason: Reason, token: Token = None, gateway: GatewayUrl = LOCAL_GATEWAY
    ) -> None:
        _decide({"what": what, "model": model, "reason": reason}, token, gateway)


def _about_name(what: str, field: str, does: str, example: str) -> None:
    @moderate.command(what, help=f"{does}\n\nExample: podium moderate {what} {example}")
    def decide(
        name: Name, reason: Reason, token: Token = None, gateway: GatewayUrl = LOCAL_GATEWAY
    ) -> None:
        _decide({"what": what, field: name, "reason": reason}, token, gateway)


_about_model("unflag", "Take a flag back.", 'acme/tiny --reason "it was no leak"')
_about_model(
    "remove", "Take a model's rows off the boards.", 'acme/tiny --reason "its authors ask"'
)
_about_model("restore", "Put a removed model's rows back.", 'acme/tiny --reason "they agree now"')
_about_model("note", "Write something down about a model.", 'acme/tiny --reason "see the card"')
_about_model("bar", "Let a model not be submitted.", 'acme/tiny --reason "its authors ask"')
_about_model("unbar", "Let a model be submitted again.", 'acme/tiny --reason "they agree now"')
_about_name(
    "name-provider",
    "organisation",
    "Name an official provider, who has no quota.",
    'acme --reason "it publishes its own models"',
)
_about_name(
    "withdraw-provider",
    "organisation",
    "Withdraw an official provider.",
    'acme --reason "it is no more"',
)
_about_name("ban", "user", "Keep a user from changing anything.", 'mallory --reason "spam"')
_about_name("unban", "user", "Let a banned user submit again.", 'mallory --reason "a mistake"')


@moderate.command("log")
def show_log(
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Most decisions to show.")] = 50,
    as_json: AsJson = False,
    gateway: GatewayUrl = LOCAL_GATEWAY,
) -> None:
    """Print what was decided, the newest first.

    Example: podium moderate log
    """
    with Gateway(gateway) as client:
        page = client.decisions(limit)
    if as_json:
        print_json(page)
        return
    if not page["items"]:
        console.print("Nothing has been decided.")
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("when", "what", "about", "by", "reason"):
        table.add_column(heading, overflow="fold")
    for each in page["items"]:
        why = " ".join(filter(None, (each["new_repo_id"], each["reason"], each["link"])))
        what = each["what"].replace("_", " ")
        table.add_row(each["at"][:16], what, each["about"], each["by"] or "", Text(why))
    console.print(table)


def _decide(body: dict[str, str | None], token: str | None, gateway: str) -> None:
    with Gateway(gateway, token) as client:
        taken = client.post("/api/v1/moderation", body)
    console.print(f"{taken['about']}: {taken['what'].replace('_', ' ')}.")
