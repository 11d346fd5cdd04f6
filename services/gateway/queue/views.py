"""The shapes of waiting, running and serving in the HTTP API, and how they come about."""

from datetime import datetime

import msgspec

from contracts import evaluator as contract_evaluator
from contracts import operation as contract_operation
from contracts.evaluation import EvaluationProgress
from contracts.models import Lane, Tier
from contracts.operation import HoldKind, HoldScope
from services.gateway.queue import places as queueing
from services.gateway.queue.evaluators import Readiness, readiness
from services.gateway.queue.experience import TimeLeft


class QueuePlace(msgspec.Struct, frozen=True):
    """Where a waiting request stands among those of its tier."""

    tier: Tier
    lane: Lane
    place: int
    """1 is served next."""
    waiting: int
    """How many wait in the tier, this one included."""
    evaluators: int
    """How many serve the tier right now."""
    starts_at: datetime | None
    """Estimated; null when nobody can tell."""
    seconds: float | None
    """Estimated time from its start to its end; null when nobody can tell."""
    unknown_because: str | None
    """Why an estimate is missing."""


class Progress(msgspec.Struct, frozen=True):
    """Where a running evaluation is."""

    phase: str
    """`starting` until its evaluator has said more, `downloading`, `loading` or `scoring`."""
    task: str | None
    """While scoring."""
    done: int
    """Requests of the task that are answered; bytes while downloading."""
    total: int
    """0 while unknown."""
    per_second: float | None
    """Over the last minute."""
    task_seconds_left: float | None
    """Of this phase or task, at that rate."""
    seconds_left: float | None
    """Until the evaluation ends, estimated; null when nobody can tell."""
    unknown_because: str | None
    """Why nobody can tell."""


class Hold(msgspec.Struct, frozen=True):
    """An operator's order that stands: evaluators that it is about take no jobs."""

    kind: HoldKind
    scope: HoldScope
    name: str
    """Of the evaluators, or of the tier; `all` for all of them."""
    hand_back: bool
    """Whether what runs goes back to the queue at its next checkpoint."""
    reason: str
    by: str | None
    """Null on an open gateway."""
    at: datetime
    """Since when."""


class TierQueue(msgspec.Struct, frozen=True):
    """What waits and runs in one tier, and who serves it."""

    tier: Tier
    waiting: dict[Lane, int]
    running: int
    evaluators: int
    devices: int
    """Of these evaluators; each takes one job at a time."""
    starts_at: datetime | None
    """When something new would start, estimated; null when nobody can tell."""
    unknown_because: str | None
    on_hold: int
    """How many more evaluators would serve it, if operators did not keep them from it."""
    holds: tuple[Hold, ...]
    """What operators have ordered about it, or about evaluators that serve it."""


class Device(msgspec.Struct, frozen=True):
    """What one model at a time runs on."""

    name: str
    """What a request's `evaluator` says."""
    device: str
    """Such as `cpu` or `NVIDIA H200`."""
    since: datetime
    """Since when it has been at this request, or idle."""
    request_id: str | None
    """Null while it waits for a job."""
    model: str | None
    run: int | None
    task: str | None


class Evaluator(msgspec.Struct, frozen=True):
    name: str
    tiers: tuple[Tier, ...]
    devices: tuple[Device, ...]
    started_at: datetime
    version: str
    draining: bool
    """Its process was told to stop, and takes no more jobs."""
    readiness: Readiness
    """Whether it takes jobs, as it says itself; a few seconds after an order it says so."""
    on_hold: dict[Tier, HoldKind]
    """Of which tiers it takes no jobs because an operator has asked for that."""


class Evaluators(msgspec.Struct, frozen=True):
    items: tuple[Evaluator, ...]
    """By name."""
    complete: bool
    """False in the first seconds of a gateway, while it may not have heard of all."""
    holds: tuple[Hold, ...]
    """What operators have ordered, the oldest first."""


def queue_place(place: queueing.QueuePlace) -> QueuePlace:
    return QueuePlace(
        tier=place.tier,
        lane=place.lane,
        place=place.place,
        waiting=place.waiting,
        evaluators=place.evaluators,
        starts_at=place.starts_at,
        seconds=place.takes_s,
        unknown_because=place.doubt or None,
    )


def progress(told: EvaluationProgress | None, left: TimeLeft) -> Progress:
    """`told` is None until the evaluator has said where it is."""
    return Progress(
        phase=told.phase if told else "starting",
        task=told.task if told else None,
        done=told.done if told else 0,
        total=told.total if told else 0,
        per_second=told.per_second if told else None,
        task_seconds_left=told.seconds_left if told else None,
        seconds_left=left.seconds,
        unknown_because=left.doubt or None,
    )


def tier_queue(tier: queueing.TierQueue) -> TierQueue:
    return TierQueue(
        tier=tier.tier,
        waiting=dict(tier.waiting),
        running=tier.running,
        evaluators=tier.evaluators,
        devices=tier.devices,
        starts_at=tier.starts_at,
        unknown_because=tier.doubt or None,
        on_hold=tier.on_hold,
        holds=tuple(map(hold, tier.holds)),
    )


def hold(standing: contract_operation.Hold) -> Hold:
    return msgspec.convert(standing, Hold, from_attributes=True)


def evaluator(presence: contract_evaluator.EvaluatorPresence, models: dict[str, str]) -> Evaluator:
    """`models` has repositories by submission id."""
    return Evaluator(
        name=presence.name,
        tiers=presence.tiers,
        devices=tuple(_device(device, models) for device in presence.devices),
        started_at=presence.started_at,
        version=presence.version,
        draining=presence.draining,
        readiness=readiness(presence),
        on_hold=dict(presence.on_hold),
    )


def _device(device: contract_evaluator.EvaluatorDevice, models: dict[str, str]) -> Device:
    work = device.work
    return Device(
        name=device.name,
        device=device.device,
        since=device.since,
        request_id=work.sid if work else None,
        model=models.get(work.sid) if work else None,
        run=work.run if work else None,
        task=work.task if work else None,
    )
