"""`podium queue`: what waits, what runs, and when something new would start."""

from typing import Annotated, Any

import typer
from rich.table import Table

from cli import times
from cli.console import console, print_json
from cli.gateway import Gateway
from cli.options import LOCAL_GATEWAY, AsJson, GatewayUrl
from cli.workers import print_holds
from contracts.models import Tier


def queue(
    tier: Annotated[Tier | None, typer.Option(help="Only this size class.")] = None,
    limit: Annotated[int, typer.Option(min=0, max=1000, help="Most waiting ones to list.")] = 20,
    as_json: AsJson = False,
    gateway: GatewayUrl = LOCAL_GATEWAY,
) -> None:
    """Show what waits, what runs, and when something new would start.

    Example: podium queue --tier small
    """
    with Gateway(gateway) as client:
        found = client.queue(tier, limit)
    if as_json:
        print_json(found)
        return
    if not found["tiers"]:
        console.print("Nothing waits, nothing runs, and no evaluator is there: podium workers")
        return
    console.print(_tiers(found["tiers"]))
    # An order about all stands in every tier.
    print_holds({str(hold): hold for tier in found["tiers"] for hold in tier["holds"]}.values())
    if found["running"]:
        console.print("", _running(found["running"]), sep="\n")
    if found["waiting"]:
        console.print("", _waiting(found["waiting"]), sep="\n")
    if (more := found["waiting_total"] - len(found["waiting"])) > 0:
        console.print(f"… and {more} more; --limit shows them.")


def _tiers(tiers: list[dict[str, Any]]) -> Table:
    table = _table("tier", "waiting", "high lane", "running", "evaluators", "devices", "a new one")
    for each in tiers:
        lanes = each["waiting"]
        starts = (
            f"starts {times.until(each['starts_at'])}"
            if each["starts_at"]
            else each["unknown_because"]
        )
        counts = (sum(lanes.values()), lanes["high"], each["running"])
        table.add_row(
            each["tier"], *map(str, (*counts, each["evaluators"], each["devices"])), starts
        )
    return table


def _running(requests: list[dict[str, Any]]) -> Table:
    table = _table("running", "tier", "on", "task", "done", "left", "id")
    for request in requests:
        progress = request["progress"]
        left = progress["seconds_left"]
        table.add_row(
            request["model"],
            request["tier"],
            request["evaluator"],
            progress["task"] or progress["phase"],
            f"{request['tasks_scored']} of {request['tasks_total']} tasks",
            "unknown" if left is None else times.duration(left),
            request["id"],
        )
    return table


def _waiting(requests: list[dict[str, Any]]) -> Table:
    table = _table("#", "waiting", "tier", "lane", "board", "starts", "takes", "id")
    for request in requests:
        place = request["queue"]
        table.add_row(
            str(place["place"]),
            request["model"],
            place["tier"],
            place["lane"],
            request["board"],
            times.until(place["starts_at"]) if place["starts_at"] else "unknown",
            times.duration(place["seconds"]) if place["seconds"] else "unknown",
            request["id"],
        )
    return table


def _table(*headings: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in headings:
        table.add_column(heading, overflow="fold", no_wrap=heading == "id")
    return table
