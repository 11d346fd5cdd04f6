"""What the pictures in docs/ show: the full board with three models that were evaluated here, work
in progress, and decisions of moderators. Nobody by these names exists."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save

from contracts.base import Contract, Message
from contracts.board import BoardTask
from contracts.envelope import Envelope
from contracts.evaluation import EvaluationProgress
from contracts.models import ModelType
from contracts.submission import SubmissionReceived
from contracts.topology import EVENTS, VALIDATOR
from contracts.views import Decision, Entry, Flag, Policy, Request, Ruling, TaskScore
from runtime.bus import bury, connect, publish_event
from tests.integration.validator.tiny_model import card, write_model
from tests.pages.evaluated import evaluated
from tests.pages.world import BOARD, REQUESTS, World, full_board, running_world
from tests.unit.gateway.examples import NOON, an_evaluator

ON_THE_HUB = "acme/wren-1m-chat"
"""What somebody is about to submit."""

_SAMPLES = 250
_CHATS = json.dumps(
    {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "unk_token": "<unk>",
        "eos_token": "<unk>",
        "chat_template": "{% for message in messages %}{{ message.content }}{% endfor %}",
    }
)


def _row(repo_id: str, raw: tuple[float, ...], **changes: object) -> Entry:
    """With these raw scores, in the order of the board's tasks."""
    row = evaluated(repo_id, ability=5, **changes)
    scores = {
        task.id: _score(task, row.scores[task.id], of_task)
        for task, of_task in zip(BOARD.tasks, raw, strict=True)
    }
    average = sum(score.normalized for score in scores.values()) / len(scores)
    return row.model_copy(update={"scores": scores, "average": average, "average_stderr": 0.52})


def _score(task: BoardTask, score: TaskScore, raw: float) -> TaskScore:
    """Subtasks lie around the whole, easier and harder ones in turn."""
    offsets = ((place % 5 - 2) * 0.06 for place in range(len(score.subtasks)))
    subtasks = tuple(
        one.model_copy(update={"raw": own, "normalized": 100 * own, "samples": _SAMPLES})
        for one, offset in zip(score.subtasks, offsets, strict=True)
        for own in [min(1.0, max(0.0, raw + offset))]
    )
    normalized = max(0.0, 100 * (raw - task.floor) / (1 - task.floor))
    changes = {"raw": raw, "normalized": normalized, "stderr": 1.2, "subtasks": subtasks}
    return score.model_copy(update=changes)


BASE = _row(
    "acme/wren-32b",
    (0.432, 0.628, 0.352, 0.418, 0.238, 0.601),
    parameters=32_760_000_000,
    architecture="Qwen2ForCausalLM",
)
CHAT = _row(
    "acme/wren-32b-instruct",
    (0.826, 0.642, 0.583, 0.421, 0.252, 0.612),
    parameters=32_760_000_000,
    architecture="Qwen2ForCausalLM",
    model_type=ModelType.CHAT,
    base_models=(BASE.repo_id,),
    generation=1,
)
MERGE = _row(
    "acme/wren-lark-slerp",
    (0.741, 0.651, 0.497, 0.409, 0.271, 0.604),
    parameters=32_760_000_000,
    architecture="Qwen2ForCausalLM",
    model_type=ModelType.MERGE,
    base_models=(BASE.repo_id, CHAT.repo_id),
    generation=2,
    is_merge=True,
    flag=Flag(
        reason="Its card names no data, and one of its parents has seen MATH.",
        link="https://example.org/discussions/12",
        at=NOON,
    ),
)


def _moved(value: Any, by: timedelta) -> Any:
    """With all times in it later by this much."""
    match value:
        case datetime():
            return value + by
        case tuple():
            return tuple(_moved(one, by) for one in value)
        case Contract():
            return value.model_copy(
                update={name: _moved(field, by) for name, field in dict(value).items()}
            )
        case _:
            return value


def _decisions(now: datetime) -> list[Decision]:
    decided = (
        ("removed", "acme/kite-7b", "Its authors asked for it.", None),
        ("banned", "eve", "Forty submissions of one model under forty names in a day.", None),
        ("barred", "acme/stolen-70b", "The weights are another model's, relicensed.", None),
        ("provider_named", "Qwen", "Publishes its own models.", None),
        ("flagged", MERGE.repo_id, MERGE.flag.reason if MERGE.flag else "", "https://example.org"),
        ("noted", CHAT.repo_id, "Its tokenizer was mended; the older commit's row stays.", None),
    )
    return [
        Decision(
            sequence=place,
            at=now - timedelta(hours=7 * (len(decided) - place) + 2),
            what=what,
            about=about,
            reason=reason,
            by="grace" if place % 2 else "mona",
            link=link,
        )
        for place, (what, about, reason, link) in enumerate(decided, start=1)
    ]


def _policy(decisions: list[Decision]) -> Policy:
    def told(what: str) -> tuple[Ruling, ...]:
        return tuple(
            Ruling(name=one.about, reason=one.reason, at=one.at)
            for one in decisions
            if one.what == what
        )

    return Policy(
        barred=told("barred"), banned=told("banned"), official_providers=told("provider_named")
    )


@asynccontextmanager
async def showcase(folder: Path) -> AsyncIterator[World]:
    now = datetime.now(UTC)
    requests = {
        name: _moved(request, now - timedelta(minutes=58 - 9 * place) - request.received_at)
        for place, (name, request) in enumerate(REQUESTS.items())
    }
    rows = [_moved(row, now - timedelta(days=2) - NOON) for row in (BASE, CHAT, MERGE)]
    decisions = _decisions(now)
    views = [*full_board(), *requests.values(), *rows, *decisions, _policy(decisions)]
    async with running_world(folder, views) as world:
        _put_on_the_hub(world.hub_root / "models" / ON_THE_HUB)
        await _evaluate(world, requests["running"], now)
        await _lose(world, requests["received"])
        yield world


def _put_on_the_hub(folder: Path) -> None:
    weights = save({"model.embed_tokens.weight": np.zeros((4096, 256), dtype=np.float16)})
    write_model(
        folder,
        {"README.md": card(), "tokenizer_config.json": _CHATS, "model.safetensors": weights},
    )


async def _evaluate(world: World, running: Request, now: datetime) -> None:
    """An evaluator is half through the next task, another one has nothing to do."""
    client = await connect(world.nats_url, name="showcase")
    evaluators = (
        an_evaluator("gpu-1", at=(running, None), instance="8c41f0d2a7be", every_s=3600),
        an_evaluator("gpu-2", at=(None, None), instance="41d0a95be277", every_s=3600),
    )
    progress = EvaluationProgress(
        sid=running.sid,
        run=running.run,
        attempt=running.attempt,
        phase="scoring",
        task=BOARD.tasks[3].id,
        done=742,
        total=1192,
        per_second=14.2,
        seconds_left=32,
    )
    morning = now - timedelta(hours=6) - NOON
    messages: list[Message] = [*(_moved(one, morning) for one in evaluators), progress]
    for message in messages:
        await client.publish(message.subject(), message.model_dump_json().encode())
    await client.close()
    await world.gateway.until("/api/v1/evaluators", lambda answer: "gpu-2" in answer.text)


async def _lose(world: World, request: Request) -> None:
    event = SubmissionReceived(
        sid=request.sid, board=request.board, model=request.model, model_type=request.model_type
    )
    await publish_event(world.js, event, Envelope.of(event, "gateway"))
    message = await world.js.get_last_msg(EVENTS.name, event.subject())
    await bury(world.js, VALIDATOR.name, message, "OSError: [Errno 28] No space left on device")
