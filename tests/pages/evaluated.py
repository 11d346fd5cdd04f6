"""Two models whose samples are kept, on the full board's definition; one is the child of the other.
Names, questions and reasons hold markup, which must not become any."""

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

from nats.js import JetStreamContext
from playwright.async_api import Page

from contracts.base import Event
from contracts.board import BoardTask
from contracts.envelope import Envelope
from contracts.evaluation import (
    Details,
    EvaluationFailed,
    EvaluationFinished,
    EvaluationStarted,
    FailureCause,
)
from contracts.models import ModelType, Reason
from contracts.topology import DETAILS_BUCKET
from contracts.views import (
    Decision,
    Entry,
    Flag,
    Level,
    Move,
    Rescoring,
    SubtaskScore,
    TaskScore,
)
from runtime.bus import publish_event_until_stored
from tests.browser import accessibility_faults
from tests.pages.world import BOARD, World, entries, running_world
from tests.unit.gateway.examples import NOON, a_provenance, an_entry
from tests.unit.gateway.sample_files import chosen, samples_file, written

MARKUP = "<script>alert(1)</script><b>bold</b>"
DOCUMENTS = 60
_PEERS = 300


RESCORED = NOON - timedelta(days=1)


def evaluated(repo_id: str, ability: int, **changes: object) -> Entry:
    """`ability` of each ten questions are answered right."""
    scores = {task.id: _score(task, repo_id, ability) for task in BOARD.tasks}
    entry = an_entry(repo_id, board=BOARD.name)
    average = sum(score.normalized for score in scores.values()) / len(scores)
    return entry.model_copy(
        update={
            "scores": scores,
            "average": average,
            "average_stderr": 1.1,
            "parameters": 7_240_000_000,
            "submitted_at": NOON - timedelta(days=3),
            "uploaded_at": NOON - timedelta(days=9),
            "license": "apache-2.0",
            "scoring_version": "1f0c2a9be1d3",
            "averages": (
                Level(since=NOON - timedelta(days=2), average=average + 1.5),
                Level(since=RESCORED, average=average),
            ),
            **changes,
        }
    )


def _score(task: BoardTask, repo_id: str, ability: int) -> TaskScore:
    raw = ability / 10
    return TaskScore(
        raw=raw,
        normalized=max(0.0, 100 * (raw - task.floor) / (1 - task.floor)),
        subtasks=tuple(
            SubtaskScore(
                harness_task=name, raw=raw, stderr=0.02, normalized=100 * raw, samples=DOCUMENTS
            )
            for name in task.harness_tasks
        ),
        seconds=93,
        engine="tree",
        versions={"lm_eval": "0.4.13", "torch": "2.9.1"},
        details=None,
        provenance=a_provenance(),
        stderr=2.0,
    )


CHILD = evaluated(
    "acme/lark-7b-instruct",
    8,
    model_type=ModelType.CHAT,
    base_models=("acme/wren-7b",),
    generation=1,
    run=2,
    flag=Flag(reason=f"Trained on the questions {MARKUP}", link="https://example.org/1", at=NOON),
)
PARENT = evaluated("acme/wren-7b", 5, base_models=("acme/never-seen",))
DECISION = Decision(
    sequence=7,
    at=NOON,
    what="flagged",
    about=CHILD.repo_id,
    reason=f"Trained on the questions {MARKUP}",
    by="mona",
    link="https://example.org/1",
)


RESCORING = Rescoring(
    board=BOARD.name,
    sequence=5,
    at=RESCORED,
    old_version=1,
    version=2,
    scoring_version="1f0c2a9be1d3",
    old_scoring_version="77aa01bc99de",
    differences=(f"GPQA: guessing scores 0.25, before 0.2 {MARKUP}.",),
    rows=_PEERS + 2,
    moved=2,
    moves=tuple(
        Move(
            sid=entry.sid,
            repo_id=entry.repo_id,
            before=entry.averages[0].average,
            after=entry.averages[1].average,
            rank_before=rank_before,
            rank_after=rank_after,
        )
        for entry, rank_before, rank_after in ((CHILD, 1, 1), (PARENT, 12, 9))
    ),
)
RUNS: tuple[Event, ...] = (
    EvaluationStarted(
        sid=CHILD.sid, run=1, attempt=1, evaluator="gpu-1", device="NVIDIA H200", tasks=("bbh",)
    ),
    EvaluationFailed(
        sid=CHILD.sid,
        run=1,
        attempt=1,
        cause=FailureCause.INFRASTRUCTURE,
        reason=Reason(code="hub-unavailable", message="The Hub was away.", advice="Try again."),
        log_tail="",
    ),
    EvaluationStarted(
        sid=CHILD.sid, run=2, attempt=2, evaluator="gpu-2", device="NVIDIA H200", tasks=("bbh",)
    ),
    EvaluationFinished(sid=CHILD.sid, run=2, attempt=2, seconds=93),
)
"""Of the child."""


async def show_evaluated(js: JetStreamContext, folder: Path) -> tuple[Entry, Entry]:
    """Store their samples and runs, and return them as they are to be shown."""
    for hours, event in enumerate(RUNS):
        envelope = Envelope(event.type_name(), "test", time=NOON + timedelta(hours=hours))
        await publish_event_until_stored(js, event, envelope)
    return (
        await _with_samples(js, CHILD, folder, ability=8),
        await _with_samples(js, PARENT, folder, ability=5),
    )


@asynccontextmanager
async def evaluated_world(folder: Path) -> AsyncIterator[World]:
    """The two among some of the full board's rows."""
    async with running_world(folder, [BOARD, *entries()[:_PEERS], DECISION, RESCORING]) as world:
        for entry in await show_evaluated(world.js, folder):
            await world.show(entry)
            await world.gateway.until(f"/models/{entry.repo_id}", lambda it: it.is_success)
        yield world


async def _with_samples(js: JetStreamContext, entry: Entry, folder: Path, ability: int) -> Entry:
    store = await js.object_store(DETAILS_BUCKET)
    scores = dict(entry.scores)
    for task in BOARD.tasks:
        if task.id == "musr":
            continue
        body = samples_file(folder, _samples(task, ability), f"{entry.sid}-{task.id}")
        name = f"{entry.sid}/1/{task.id}-1.parquet"
        await store.put(name, body)
        details = Details(
            object_name=name,
            rows=DOCUMENTS,
            size_bytes=len(body),
            sha256=hashlib.sha256(body).hexdigest(),
        )
        scores[task.id] = scores[task.id].model_copy(update={"details": details})
    return entry.model_copy(update={"scores": scores})


def _samples(task: BoardTask, ability: int) -> list[dict[str, object]]:
    if task.id == "ifeval":
        return [
            written(
                n,
                f"Answer {n} {MARKUP}",
                prompt_level_strict_acc=n % 10 < ability,
                inst_level_strict_acc=[n % 10 < ability, n % 3 == 0],
            )
            for n in range(DOCUMENTS)
        ]
    metric = task.metrics[0].partition(",")[0]
    return [
        _by_metric(
            chosen(
                n,
                right=n % 10 < ability,
                question=f"Which of these is {n}? {MARKUP}" if n else f"Once upon a time {MARKUP}",
                task=task.harness_tasks[n % len(task.harness_tasks)],
                prefix="Q: Is this an example?\nA: yes\n\n" * 3,
            ),
            metric,
        )
        for n in range(DOCUMENTS)
    ]


def _by_metric(sample: dict[str, object], metric: str) -> dict[str, object]:
    return {**sample, "metrics": [metric], metric: sample["acc"]}


async def faults_at_every_width(page: Page) -> list[str]:
    """What axe-core finds, in light and dark, and whether something is wider than the screen."""
    faults = []
    for width in (1440, 390):
        await page.set_viewport_size({"width": width, "height": 900})
        faults += await accessibility_faults(page)
        if not await page.evaluate("document.documentElement.scrollWidth <= innerWidth"):
            faults.append(f"it is wider than {width} pixels")
        await page.emulate_media(color_scheme="dark")
        faults += await accessibility_faults(page, "color-contrast")
        await page.emulate_media(color_scheme="light")
    return faults
