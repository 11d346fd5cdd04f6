"""Whole courses of requests, by the command and with every process real: sooner, stopped, again."""

import asyncio
import json
import os
import re
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import torch
from nats.aio.client import Client

from cli.stack import Stack, StackOptions, running_stack
from contracts.evaluation import EvaluationFinished, EvaluationStarted
from contracts.models import Lane
from contracts.views import Request, RequestState
from runtime.bus import connect
from runtime.ports import free_port
from tests.bus import all_events, next_view
from tests.tiny import board_task, make_tiny_model, make_tiny_task, write_board

SLOW_QUESTIONS = 20_000
SETTLES_S = 120
USERS = {"ada": "hf_ada", "grace": "hf_grace", "mona": "hf_mona"}
CARD = "---\nlicense: mit\n---\n# A tiny llama\n\n" + "It is here to be submitted. " * 12


def write_world(folder: Path) -> None:
    """Tiny models of which one computes no numbers, a board that takes a moment, and one that takes
    a minute."""
    models = folder / "hub" / "models" / "acme"
    tiny = make_tiny_model(models / "steady")
    (models / "steady" / "README.md").write_text(CARD)
    for name in ("wanted", "promoted", "slow", "broken"):
        shutil.copytree(models / "steady", models / name)
        (models / name / "README.md").write_text(f"{CARD}\nThis is {name}.\n")
    with torch.no_grad():
        tiny.lm_head.weight.fill_(float("nan"))
    tiny.save_pretrained(models / "broken")
    tokens = {token: {"name": name} for name, token in USERS.items()}
    (folder / "hub" / "_tokens.json").write_text(json.dumps(tokens))
    make_tiny_task(folder / "tasks", "colours")
    make_tiny_task(folder / "tasks", "patience", questions=SLOW_QUESTIONS)
    write_board(
        folder / "boards", "quick", [board_task("colours", "colours")], votes_for_high_lane=2
    )
    write_board(folder / "boards", "slow", [board_task("patience", "patience")])


@asynccontextmanager
async def leaderboard(folder: Path) -> AsyncIterator[Stack]:
    write_world(folder)
    options = StackOptions(
        data=folder / "podium",
        hub=folder / "hub",
        boards=folder / "boards",
        port=free_port(),
        open=False,
        environment={
            "HF_HOME": str(folder / "hf-home"),
            "GATEWAY_MODERATORS": '["mona"]',
            "EVALUATOR_TASK_FOLDERS": json.dumps([str(folder / "tasks")]),
            "EVALUATOR_HARNESS_TASKS": "false",
            "EVALUATOR_DEVICES": '["cpu"]',
            "EVALUATOR_THREADS": "1",
            "EVALUATOR_COMPILED_FOLDER": str(folder / "compiled"),
            "EVALUATOR_ALLOW_UNSANDBOXED": "true",
        },
    )
    async with running_stack(options) as stack:
        yield stack


async def podium(stack: Stack, user: str, *arguments: str) -> tuple[int, str]:
    """Exit status and everything it printed."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cli", *arguments, "--gateway", stack.url),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=os.environ | {"COLUMNS": "160", "PODIUM_TOKEN": USERS[user]},
    )
    async with asyncio.timeout(SETTLES_S):
        output, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, output.decode()


async def done(stack: Stack, user: str, *arguments: str) -> str:
    status, output = await podium(stack, user, *arguments)
    assert status == 0, output
    return output


async def submit(stack: Stack, model: str, board: str = "quick") -> str:
    output = await done(
        stack, "ada", "submit", f"acme/{model}", "--precision", "float32", "--board", board
    )
    return str(re.findall(r"/requests/([0-9a-f]{20})", output)[0])


async def until_it_is(
    client: Client, sid: str, state: RequestState, *, run: int = 1, lane: Lane | None = None
) -> Request:
    def is_so(request: Request) -> bool:
        return (request.sid, request.state, request.run) == (sid, state, run) and (
            lane in (None, request.lane)
        )

    return await next_view(client, Request, is_so, SETTLES_S)


async def runs(stack: Stack, sid: str) -> list[dict[str, Any]]:
    async with httpx.AsyncClient(base_url=stack.url, timeout=30) as http:
        items: list[dict[str, Any]] = (await http.get(f"/api/v1/requests/{sid}/runs")).json()[
            "items"
        ]
    return items


async def test_requests_go_before_others_are_stopped_and_run_again(tmp_path: Path) -> None:
    async with leaderboard(tmp_path) as stack:
        client = await connect(stack.nats_url, name="test")
        slow = await submit(stack, "slow", board="slow")
        await until_it_is(client, slow, RequestState.RUNNING)
        steady, wanted, promoted = [
            await submit(stack, model) for model in ("steady", "wanted", "promoted")
        ]
        for sid in (steady, wanted, promoted):
            await until_it_is(client, sid, RequestState.WAITING)

        # Two votes are the board's threshold; the others have to wait for a free evaluator.
        await done(stack, "ada", "vote", wanted)
        await done(stack, "grace", "vote", wanted)
        await until_it_is(client, wanted, RequestState.WAITING, lane=Lane.HIGH)
        await done(stack, "mona", "promote", promoted, "--note", "A release of this week.")
        await until_it_is(client, promoted, RequestState.WAITING, lane=Lane.HIGH)

        await done(stack, "ada", "cancel", slow, "--note", "A better one follows.")
        await until_it_is(client, slow, RequestState.CANCELLED)

        for sid in (wanted, promoted, steady):
            await until_it_is(client, sid, RequestState.FINISHED)
        events = await all_events(client)
        started = [event.sid for event in events if isinstance(event, EvaluationStarted)]
        assert started == [slow, wanted, promoted, steady]
        finished = [event.sid for event in events if isinstance(event, EvaluationFinished)]
        assert finished == [wanted, promoted, steady]

        # What has finished is run again by moderators only, and both runs can be read.
        status, output = await podium(stack, "ada", "rerun", steady)
        assert status == 1
        assert "no moderator" in output
        await done(stack, "mona", "rerun", steady, "--note", "New GPUs.")
        await until_it_is(client, steady, RequestState.FINISHED, run=2)
        first, second = await runs(stack, steady)
        assert (first["run"], second["run"]) == (1, 2)
        assert (first["outcome"], second["outcome"]) == ("finished", "finished")
        assert first["tasks"][0]["results"] == second["tasks"][0]["results"]

        # A broken model fails again, and says so for each run.
        broken = await submit(stack, "broken")
        await until_it_is(client, broken, RequestState.FAILED)
        await done(stack, "mona", "rerun", broken)
        await until_it_is(client, broken, RequestState.FAILED, run=2)
        both = await runs(stack, broken)
        assert [(each["outcome"], each["failure"]["cause"]) for each in both] == [
            ("failed", "model")
        ] * 2
        assert [each["outcome"] for each in await runs(stack, slow)] == ["failed"]
        await client.close()
