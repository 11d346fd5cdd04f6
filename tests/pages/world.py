"""A leaderboard to look at: a board full of rows, and requests in every state."""

import random
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from nats.js import JetStreamContext

from contracts.base import View
from contracts.evaluation import FailureCause
from contracts.models import ModelType, Precision, Reason
from contracts.views import Entry, Failure, HistoryEntry, Level, Request, RequestState, TaskProgress
from localhub.process import running_localhub
from runtime.bus import connect
from runtime.embedded_nats import nats_server
from runtime.topology import ensure_topology
from tests.integration.gateway.gateways import RunningGateway, show, started_gateway
from tests.unit.gateway.examples import a_request, an_entry, rules_beside
from tests.unit.gateway.published import has_published_rows, published_entries, the_board

BOARD = the_board()
_GENERATED_ROWS = 400


@dataclass(frozen=True)
class World:
    gateway: RunningGateway
    js: JetStreamContext
    hub_root: Path
    """What is written here is on the Hub."""
    nats_url: str
    hub_url: str

    @property
    def url(self) -> str:
        return self.gateway.url

    async def show(self, *views: View) -> None:
        """As the aggregator does; take away again what other tests must not see."""
        await show(self.js, *views)


@asynccontextmanager
async def running_world(
    folder: Path, views: Iterable[View], **settings: str
) -> AsyncIterator[World]:
    """A nats-server, a Hub and a gateway, each a process of its own; ready once all is read."""
    hub_root = folder / "hub"
    hub_root.mkdir()
    with nats_server(folder / "nats") as nats_url, running_localhub(hub_root) as hub_url:
        client = await connect(nats_url, name="test")
        js = client.jetstream()
        await ensure_topology(js)
        await show(js, *views)
        async with started_gateway(nats_url, hub_url, folder, **settings) as gateway:
            await gateway.until_ready()
            yield World(gateway, js, hub_root, nats_url, hub_url)
        await client.close()


def full_board() -> list[View]:
    """The rows that the Open LLM Leaderboard published, or generated ones where those are not on
    the machine; and requests in every state."""
    return [BOARD, *entries(), *REQUESTS.values()]


@cache
def entries() -> tuple[Entry, ...]:
    return published_entries() if has_published_rows() else tuple(_generated(_GENERATED_ROWS))


def _generated(count: int) -> Iterable[Entry]:
    """The same ones every time: better and worse families, in all sizes and types."""
    dice = random.Random(20250212)
    for number in range(count):
        ability = dice.betavariate(2, 3)
        repo_id = f"{dice.choice(('acme', 'Analytical', 'neuro-lab'))}/model-{number}"
        score = an_entry().scores["facts"]
        scores = {
            task.id: score.model_copy(
                update={"raw": raw, "normalized": max(0.0, (raw - 0.1) / 0.9 * 100)}
            )
            for task in BOARD.tasks
            for raw in [min(0.98, max(0.02, dice.gauss(ability, 0.12)))]
        }
        entry = an_entry(repo_id, board=BOARD.name)
        average = sum(one.normalized for one in scores.values()) / len(scores)
        submitted_at = datetime(2024, 6, 8, tzinfo=UTC) + timedelta(days=number % 250)
        yield entry.model_copy(
            update={
                "scores": scores,
                "average": average,
                "averages": (Level(since=submitted_at, average=average),),
                "model_type": dice.choice(list(ModelType)),
                "parameters": round(10 ** dice.uniform(8, 11)),
                "model": entry.model.model_copy(
                    update={"precision": dice.choice((Precision.FLOAT16, Precision.BFLOAT16))}
                ),
                "submitted_at": submitted_at,
            }
        )


def _request(repo_id: str, state: RequestState, scored: int = 0, **changes: object) -> Request:
    request = a_request(repo_id, state, board=BOARD.name, attempt=1 if scored else 0)
    at = request.received_at
    tasks = tuple(
        TaskProgress(task=task.id, scored_at=at, seconds=93.2, score=31.4 + 7 * number)
        if number < scored
        else TaskProgress(task=task.id)
        for number, task in enumerate(BOARD.tasks)
    )
    history = [HistoryEntry(at=at, what="submission.received", by="ada")]
    if state is not RequestState.RECEIVED:
        history.append(HistoryEntry(at=at + timedelta(seconds=4), what="submission.accepted"))
    for number in range(scored):
        done = at + timedelta(minutes=2 * number + 1)
        note = BOARD.tasks[number].title
        history.append(HistoryEntry(at=done, what="evaluation.task_scored", note=note))
    return request.model_copy(update={"tasks": tasks, "history": tuple(history), **changes})


REQUESTS: dict[str, Request] = {
    "received": _request("acme/just-in", RequestState.RECEIVED, tasks=()),
    "waiting": _request(
        "acme/waits",
        RequestState.WAITING,
        votes=3,
        voters=("ada", "grace", "mona"),
        rules=rules_beside(),
    ),
    "running": _request(
        "acme/runs", RequestState.RUNNING, 3, evaluator="gpu-1", rules=rules_beside()
    ),
    "finished": _request(
        "acme/done",
        RequestState.FINISHED,
        len(BOARD.tasks),
        warnings=(
            Reason(
                code="precision-differs-from-weights",
                message="The weights are stored as float16, and are converted to bfloat16.",
                advice="Submit it in the precision of the weights to measure it as it was"
                " published.",
            ),
        ),
        rules=rules_beside("precision-differs-from-weights"),
    ),
    "rejected": _request(
        "acme/unlicensed",
        RequestState.REJECTED,
        tasks=(),
        reasons=(
            Reason(
                code="license-missing",
                message="The model card names no license.",
                advice="Add `license:` to the metadata at the top of README.md.",
            ),
        ),
        rules=rules_beside("license-missing", undecided=("tokenizer-does-not-fit",)),
    ),
    "failed": _request(
        "acme/broken",
        RequestState.FAILED,
        2,
        failure=Failure(
            cause=FailureCause.MODEL,
            reason=Reason(
                code="weights-not-finite",
                message="`model.layers.3.mlp.up_proj.weight` holds NaN.",
                advice="Mend the weights, and submit the new commit.",
            ),
            log_tail="Loading checkpoint shards: 100%\nValueError: 12 values are NaN",
        ),
    ),
}
