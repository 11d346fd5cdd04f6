"""`podium workers`: who evaluates, and `pause`, `drain` and `resume` of them."""

import time
from collections.abc import Iterable
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from cli import times
from cli.console import console, fail, print_json
from cli.gateway import Gateway
from cli.options import LOCAL_GATEWAY, AsJson, GatewayUrl, Token
from contracts.models import Tier
from contracts.operation import HoldKind, HoldScope

workers = typer.Typer(invoke_without_command=True)

Name = Annotated[
    str | None, typer.Argument(help="Evaluator, as `podium workers` calls it.", show_default=False)
]
OfTier = Annotated[
    Tier | None,
    typer.Option(help="All evaluators, as for jobs of this size class.", show_default=False),
]
OfAll = Annotated[bool, typer.Option("--all", help="All evaluators.")]
Reason = Annotated[str, typer.Option(help="Why; everybody can read it.")]

_START = "NATS_URL=nats://… python -m services.evaluator"
_LOOK_EVERY_S = 1.0
_ORDERED = {HoldKind.PAUSE: "paused", HoldKind.DRAIN: "told to drain"}


@workers.callback()
def show_workers(
    context: typer.Context, as_json: AsJson = False, gateway: GatewayUrl = LOCAL_GATEWAY
) -> None:
    """Show the evaluators that are there; pause, drain and resume them.

    Example: podium workers
    """
    if context.invoked_subcommand:
        return
    with Gateway(gateway) as client:
        found = client.evaluators()
    if as_json:
        print_json(found)
        return
    if found["items"]:
        console.print(_table(found["items"]))
    elif found["complete"]:
        console.print("No evaluator is there, so whatever is accepted waits.")
        console.print(f"Start one with `podium up`, or on a host with a GPU: {_START}")
    print_holds(found["holds"])
    if not found["complete"]:
        console.print("The gateway has just started; it knows all of them in a few seconds.")


@workers.command()
def pause(
    reason: Reason,
    name: Name = None,
    tier: OfTier = None,
    every: OfAll = False,
    token: Token = None,
    gateway: GatewayUrl = LOCAL_GATEWAY,
) -> None:
    """Have evaluators take no more jobs. What runs goes on to its end.

    Example: podium workers pause --tier large --reason "the racks are too hot"
    """
    with Gateway(gateway, token) as client:
        _order(client, "pause", _whom(name, tier, every) | {"reason": reason})


@workers.command()
def drain(
    reason: Reason,
    name: Name = None,
    tier: OfTier = None,
    every: OfAll = False,
    hand_back: Annotated[
        bool,
        typer.Option(
            "--hand-back", help="Give what runs back to the queue, where it goes on elsewhere."
        ),
    ] = False,
    wait: Annotated[
        bool, typer.Option("--wait", help="Return once nothing runs there; with a NAME only.")
    ] = False,
    token: Token = None,
    gateway: GatewayUrl = LOCAL_GATEWAY,
) -> None:
    """Empty evaluators before their host goes down. They stay up, without jobs, until resumed.

    Example: podium workers drain gpu-7 --reason "a new disk" --wait
    """
    if wait and not name:
        fail("--wait needs the NAME of an evaluator.", "`podium workers` lists them.", status=2)
    with Gateway(gateway, token) as client:
        whom = _whom(name, tier, every)
        _order(client, "drain", whom | {"reason": reason, "hand_back": hand_back})
        if wait and name:
            _wait_until_drained(client, name)


@workers.command()
def resume(
    reason: Reason,
    name: Name = None,
    tier: OfTier = None,
    every: OfAll = False,
    token: Token = None,
    gateway: GatewayUrl = LOCAL_GATEWAY,
) -> None:
    """Take back what was ordered about the same evaluator, tier, or all.

    Example: podium workers resume gpu-7 --reason "the disk is in"
    """
    with Gateway(gateway, token) as client:
        taken = _order(client, "resume", _whom(name, tier, every) | {"reason": reason})
    if taken["others"]:
        console.print("Still standing:")
        print_holds(taken["others"])


def print_holds(holds: Iterable[dict[str, Any]]) -> None:
    """Each order in a line, with who, when and why."""
    for hold in holds:
        verb = "were" if hold["scope"] == HoldScope.ALL else "was"
        by = f" by {hold['by']}" if hold["by"] else ""
        console.print(
            Text(
                f"{_called(hold)} {verb} {_ORDERED[hold['kind']]}{by}"
                f" {times.since(hold['at'])} ago: {hold['reason']}"
            )
        )


def _whom(name: str | None, tier: Tier | None, every: bool) -> dict[str, Any]:
    if (name is not None) + (tier is not None) + every != 1:
        fail("Which evaluators?", "Give one of them: a NAME, --tier or --all.", status=2)
    return {"all": True} if every else {"tier": tier} if tier else {"evaluator": name}


def _order(client: Gateway, order: str, body: dict[str, Any]) -> dict[str, Any]:
    taken = client.post(f"/api/v1/evaluators/{order}", body)
    count = taken["evaluators"]
    if count:
        obeys = "1 evaluator obeys" if count == 1 else f"{count} evaluators obey"
        follows = f"{obeys} within seconds; `podium workers` tells."
    elif order == "resume":
        follows = "It is about none of those there: `podium workers`."
    else:
        follows = "It is about none of those there (`podium workers`), and holds for any that come."
    console.print(Text(f"{_called(taken)}: told to {order}. {follows}"))
    return taken


def _wait_until_drained(client: Gateway, name: str) -> None:
    told = ""
    while True:
        found = client.evaluators()
        there = [each for each in found["items"] if each["name"] == name]
        left = [each for each in there if each["readiness"] != "drained"]
        if found["complete"] and not left:
            stands = "is drained" if there else "is not there"
            console.print(Text(f"{name} {stands}: nothing runs on it."))
            return
        now = ", ".join(_readiness(each) for each in left)
        if now and now != told:
            console.print(Text(f"{name}: {now}"))
            told = now
        time.sleep(_LOOK_EVERY_S)


def _called(whom: dict[str, Any]) -> str:
    match whom["scope"]:
        case HoldScope.TIER:
            return f"Tier {whom['name']}"
        case HoldScope.ALL:
            return "All evaluators"
        case _:
            return f"Evaluator {whom['name']}"


def _table(evaluators: list[dict[str, Any]]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("evaluator", "jobs", "tiers", "device", "is at", "for", "version"):
        table.add_column(heading, overflow="fold")
    for evaluator in evaluators:
        tiers = (
            f"{tier} (on hold)" if tier in evaluator["on_hold"] else tier
            for tier in evaluator["tiers"]
        )
        # Once for all of its devices: orders take the evaluator's name, not a device's.
        about = (evaluator["name"], _readiness(evaluator), ", ".join(tiers))
        for device in evaluator["devices"]:
            table.add_row(
                *about,
                " ".join(
                    filter(None, (_number(device["name"], evaluator["name"]), device["device"]))
                ),
                _is_at(device),
                times.since(device["since"]),
                evaluator["version"],
            )
            about = ("", "", "")
    return table


def _number(device: str, evaluator: str) -> str:
    """Which of several it is, as the evaluator has numbered them; empty for the only one."""
    return device.removeprefix(evaluator).removeprefix("-")


def _readiness(evaluator: dict[str, Any]) -> str:
    running = sum(device["request_id"] is not None for device in evaluator["devices"])
    word = {"open": "takes jobs"}.get(evaluator["readiness"], evaluator["readiness"])
    return word if word == "takes jobs" or not running else f"{word}, {running} running"


def _is_at(device: dict[str, Any]) -> str:
    if device["request_id"] is None:
        return "nothing"
    return f"{device['model'] or device['request_id']}, {device['task'] or 'preparing'}"
