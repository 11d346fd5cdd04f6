"""Views as the aggregator publishes them, with what a test cares about as arguments."""

import hashlib
from datetime import UTC, datetime, timedelta

from contracts.base import View
from contracts.board import Board, BoardTask, Limits
from contracts.check import RuleOutcomes
from contracts.evaluation import Energy, EnergyMethod, Engine, Provenance, Tokens
from contracts.evaluator import DeviceWork, EvaluatorDevice, EvaluatorPresence
from contracts.models import Lane, ModelRef, ModelType, Precision, Reason, Tier
from contracts.operation import Hold, HoldKind, HoldScope
from contracts.rule_book import rule_book
from contracts.submission import submission_id
from contracts.validation import ValidationProgress
from contracts.views import (
    Entry,
    HistoryEntry,
    Request,
    RequestState,
    SubtaskScore,
    TaskProgress,
    TaskScore,
)
from services.gateway.query.engine import Ranked
from services.gateway.query.frame import BoardFrame
from services.gateway.query.rows import EntryRow, read_row
from services.gateway.state.store import ViewStore

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def a_store(*views: View) -> ViewStore:
    """That has read these views, in this order."""
    store = ViewStore()
    store.begin("e1")
    for sequence, view in enumerate(views, start=1):
        put(store, view, sequence)
    return store


def put(store: ViewStore, view: View, sequence: int) -> None:
    store.put(view.subject(), view.model_dump_json().encode(), sequence)


def a_board(name: str = "demo", tasks: tuple[str, ...] = ("facts", "grammar")) -> Board:
    return Board(
        name=name,
        title=f"The {name} board",
        version=1,
        tasks=tuple(
            BoardTask(
                id=task,
                title=task.title(),
                harness_task=f"podium_{task}",
                metrics=("acc,none",),
                choices=4,
            )
            for task in tasks
        ),
        limits=Limits(max_parameters={Precision.BFLOAT16: 2_000_000_000}),
    )


def a_model(repo_id: str = "acme/tiny") -> ModelRef:
    return ModelRef(
        repo_id=repo_id,
        commit=hashlib.sha1(repo_id.encode()).hexdigest(),
        precision=Precision.BFLOAT16,
    )


def a_request(
    repo_id: str = "acme/tiny",
    state: RequestState = RequestState.WAITING,
    *,
    board: str = "demo",
    minutes: int = 0,
    attempt: int = 0,
    lane: Lane = Lane.NORMAL,
    scored: tuple[str, ...] = (),
) -> Request:
    """Submitted `minutes` after noon."""
    model = a_model(repo_id)
    at = NOON + timedelta(minutes=minutes)
    return Request(
        sid=submission_id(model, board),
        board=board,
        model=model,
        model_type=ModelType.PRETRAINED,
        requested_revision="main",
        submitter=None,
        state=state,
        received_at=at,
        updated_at=at,
        run=1,
        attempt=attempt,
        tier=Tier.SMALL,
        lane=lane,
        parameters=1_312_000,
        tasks=tuple(
            TaskProgress(
                task=task,
                scored_at=at if task in scored else None,
                seconds=1.5 if task in scored else None,
                score=50.0 if task in scored else None,
            )
            for task in ("facts", "grammar")
        ),
        history=(HistoryEntry(at=at, what="submission.received"),),
    )


def rules_beside(*broken: str, undecided: tuple[str, ...] = ()) -> RuleOutcomes:
    """As whole weights keep them that break these."""
    found = {
        "license-missing": "apache-2.0",
        "card-too-short": "4,120 characters; at least 200",
        "architecture-missing": "LlamaForCausalLM",
        "precision-not-accepted": "bfloat16",
        "params-over-limit": "1,312,000 parameters; at most 100,000,000,000",
    }
    others = ("base-model-", "adapter-unreadable", "adapter-not-", "delta-", "chat-template-")
    of_others = tuple(code for code in rule_book() if code.startswith(others))
    silent = {*broken, *undecided, *of_others}
    return RuleOutcomes(
        kept={code: found.get(code, "") for code in rule_book() if code not in silent},
        not_applicable=of_others,
        undecided=undecided,
    )


_OF_WEIGHTS_ON = (
    "safetensors-",
    "weights-",
    "config-",
    "architecture-",
    "tokenizer-",
    "precision-contradicts-",
    "params-",
    "precision-differs-",
)
OF_WEIGHTS_ON = tuple(code for code in rule_book() if code.startswith(_OF_WEIGHTS_ON))
"""What waits for the headers of the weights, and for what is read after them."""


def a_validation(
    request: Request,
    reading: str = "the header of the weights",
    *,
    broken: tuple[Reason, ...] = (),
    waiting: tuple[str, ...] = OF_WEIGHTS_ON,
) -> ValidationProgress:
    return ValidationProgress(
        sid=request.sid,
        run=request.run,
        reading=reading,
        reasons=broken,
        rules=rules_beside(*(reason.code for reason in broken), *waiting),
        waiting=waiting,
    )


def an_evaluator(
    name: str = "gpu-1",
    *,
    tiers: tuple[Tier, ...] = (Tier.SMALL,),
    at: tuple[Request | None, ...] = (None,),
    instance: str = "8c41f0d2a7be",
    draining: bool = False,
    on_hold: dict[Tier, HoldKind] | None = None,
    stopped: bool = False,
    every_s: float = 5,
) -> EvaluatorPresence:
    """One device for each request it is `at`; None is idle."""
    return EvaluatorPresence(
        name=name,
        instance=instance,
        tiers=tiers,
        devices=tuple(
            EvaluatorDevice(
                name=f"{name}-{number}",
                device="NVIDIA H200",
                since=NOON,
                work=DeviceWork(sid=request.sid, run=request.run, attempt=1) if request else None,
            )
            for number, request in enumerate(at, 1)
        ),
        started_at=NOON,
        version="0.1.0",
        every_s=every_s,
        draining=draining,
        on_hold=on_hold or {},
        stopped=stopped,
    )


def a_hold(
    kind: HoldKind = HoldKind.PAUSE,
    scope: HoldScope = HoldScope.ALL,
    name: str = "all",
    *,
    hand_back: bool = False,
) -> Hold:
    return Hold(
        kind=kind,
        scope=scope,
        name=name,
        hand_back=hand_back,
        reason="The racks are too hot.",
        by="mona",
        at=NOON,
    )


def an_entry(
    repo_id: str = "acme/tiny",
    *,
    facts: float | None = 50.0,
    grammar: float | None = 50.0,
    board: str = "demo",
) -> Entry:
    """A row with these normalised scores; a task that is None is outstanding."""
    model = a_model(repo_id)
    given = {"facts": facts, "grammar": grammar}
    scores = {task: _a_score(value) for task, value in given.items() if value is not None}
    outstanding = tuple(task for task, value in given.items() if value is None)
    return Entry(
        board=board,
        sid=submission_id(model, board),
        repo_id=repo_id,
        model=model,
        model_type=ModelType.PRETRAINED,
        architecture="LlamaForCausalLM",
        license="apache-2.0",
        parameters=1_312_000,
        scores=scores,
        average=None
        if outstanding
        else sum(score.normalized for score in scores.values()) / len(scores),
        provisional=bool(outstanding),
        outstanding=outstanding,
        run=1,
        seconds=3.0,
        updated_at=NOON,
        board_version=1,
    )


def a_ranked_board(*entries: Entry, board: Board | None = None) -> Ranked:
    """A board that holds these rows."""
    return Ranked(BoardFrame(board or a_board(), map(a_row, entries)).snapshot("1"))


def a_row(entry: Entry) -> EntryRow:
    """As the gateway reads it off the bus."""
    return read_row(entry.model_dump_json().encode())


def a_provenance() -> Provenance:
    return Provenance(
        engine=Engine(name="tree", reason="agrees with lm-eval", probed=32, difference=3e-6),
        dtype="bfloat16",
        device="NVIDIA H200",
        seed=1234,
        tokens=Tokens(forwarded=1_250_000, stock=9_870_000),
        phases={"build": 1.5, "score": 62.0},
        energy=Energy(kwh=0.0123, co2_kg=0.00332, method=EnergyMethod.ESTIMATED),
        command="lm_eval run --model hf --model_args pretrained=acme/tiny --tasks podium_facts",
    )


def _a_score(normalized: float) -> TaskScore:
    raw = 0.25 + 0.75 * normalized / 100
    return TaskScore(
        raw=raw,
        normalized=normalized,
        subtasks=(
            SubtaskScore(
                harness_task="podium_facts",
                raw=raw,
                stderr=0.02,
                normalized=normalized,
                samples=200,
                prompt_hash="5e" * 32,
                data_set="acme/facts",
                data_revision="da" * 20,
            ),
        ),
        seconds=1.5,
        engine="hf",
        versions={"lm_eval": "0.4.13"},
        details=None,
        provenance=a_provenance(),
    )
