"""What lies ahead of everything that waits or runs: places, starts, time left. Pure."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from contracts.models import Lane, Tier
from contracts.operation import Hold, Holds, HoldScope
from contracts.views import Request, RequestState
from services.gateway.queue.evaluators import Evaluators
from services.gateway.queue.experience import Experience, TimeLeft, last_at
from services.gateway.queue.schedule import Device, Job, scheduled

_NOT_HEARD_YET = "This gateway has just started and may not have heard of every evaluator yet."
_UNKNOWN_AHEAD = "No estimate: how long those before it take is not known yet."


@dataclass(frozen=True)
class QueuePlace:
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
    """An estimate; None when nobody can tell."""
    takes_s: float | None
    """Estimated seconds from its start to its end; None when nobody can tell."""
    doubt: str
    """Why an estimate is missing; empty when none is."""
    holds: tuple[Hold, ...]
    """What operators have ordered about its tier, or about evaluators that serve it."""


@dataclass(frozen=True)
class TierQueue:
    """One tier: what waits, what runs, who serves it."""

    tier: Tier
    waiting: Mapping[Lane, int]
    running: int
    evaluators: int
    devices: int
    """Of these evaluators; each takes one job at a time."""
    starts_at: datetime | None
    """When what comes now to the normal lane would start; None when nobody can tell."""
    doubt: str
    """Why nobody can tell; else empty."""
    on_hold: int
    """How many more evaluators would serve it, if operators did not keep them from it."""
    holds: tuple[Hold, ...]
    """What operators have ordered about it, or about evaluators that serve it."""


@dataclass(frozen=True)
class Plan:
    """Of one moment."""

    tiers: Mapping[Tier, TierQueue]
    """Every tier that is served, waited for, run in or on hold, the smallest first."""
    waiting: Mapping[str, Request]
    """By submission id, by tier and in the order of service."""
    left: Mapping[str, TimeLeft]
    """Of what runs, by submission id."""
    places: Mapping[str, int]
    """By submission id, within the tier; 1 is next."""
    starts_at: Mapping[str, datetime]
    """By submission id; what is missing starts nobody knows when."""
    experience: Callable[[str], Experience]
    """Of a board."""

    def place(self, sid: str) -> QueuePlace | None:
        """None for what does not wait."""
        request = self.waiting.get(sid)
        if request is None or request.tier is None:
            return None
        tier = self.tiers[request.tier]
        experience = self.experience(request.board)
        starts_at = self.starts_at.get(sid)
        doubt = experience.doubt(request.parameters)
        if starts_at is None and (not tier.evaluators or not doubt):
            doubt = tier.doubt or _UNKNOWN_AHEAD
        return QueuePlace(
            tier=tier.tier,
            lane=request.lane or Lane.NORMAL,
            place=self.places[sid],
            waiting=sum(tier.waiting.values()),
            evaluators=tier.evaluators,
            starts_at=starts_at,
            takes_s=experience.whole(request),
            doubt=doubt,
            holds=tier.holds,
        )


def in_order(requests: Iterable[Request]) -> dict[Tier, list[Request]]:
    """What waits, as it is served: the high lane first, then as accepted."""
    waiting = [request for request in requests if request.state is RequestState.WAITING]
    waiting.sort(key=lambda one: (one.lane is not Lane.HIGH, _accepted_at(one), one.sid))
    return {tier: queue for tier in Tier if (queue := [one for one in waiting if one.tier is tier])}


def planned(
    requests: Iterable[Request],
    evaluators: Evaluators,
    experience: Callable[[str], Experience],
    left: Mapping[str, TimeLeft],
    holds: Holds,
    now: datetime,
) -> Plan:
    """`experience` is that of a board, `left` the time that each running request still takes."""
    requests = list(requests)
    queues = in_order(requests)
    running = [request for request in requests if request.state is RequestState.RUNNING]
    devices, at_work = _devices(evaluators, left)
    jobs: dict[Lane, dict[Tier, list[Job]]] = {lane: defaultdict(list) for lane in Lane}
    for request in running:
        # Its evaluator is gone: it comes back to the queue, before all others.
        if request.sid not in at_work and request.tier:
            jobs[Lane.HIGH][request.tier].append(Job(request.sid, left[request.sid].seconds))
    for tier, queue in queues.items():
        for request in queue:
            job = Job(request.sid, experience(request.board).whole(request))
            jobs[request.lane or Lane.NORMAL][tier].append(job)
    schedule = scheduled(jobs[Lane.HIGH], jobs[Lane.NORMAL], devices)

    runs_in = Counter(request.tier for request in running)
    tiers = {}
    for tier in Tier:
        free_in_s, serving = schedule.free_in_s.get(tier), evaluators.serving(tier)
        held = _holds(tier, evaluators, holds)
        is_held = evaluators.on_hold(tier) or any(hold.scope is HoldScope.TIER for hold in held)
        if serving or is_held or tier in queues or tier in runs_in:
            waiting = Counter(request.lane for request in queues.get(tier, ()))
            tiers[tier] = TierQueue(
                tier=tier,
                waiting={lane: waiting[lane] for lane in Lane},
                running=runs_in[tier],
                evaluators=serving,
                devices=evaluators.devices_serving(tier),
                starts_at=None if free_in_s is None else now + timedelta(seconds=free_in_s),
                doubt="" if free_in_s is not None else _doubt(tier, evaluators, held),
                on_hold=evaluators.on_hold(tier),
                holds=held,
            )
    return Plan(
        tiers=tiers,
        waiting={request.sid: request for queue in queues.values() for request in queue},
        left=left,
        places={
            request.sid: place
            for queue in queues.values()
            for place, request in enumerate(queue, 1)
        },
        starts_at={
            sid: now + timedelta(seconds=seconds) for sid, seconds in schedule.starts_in_s.items()
        },
        experience=experience,
    )


def _devices(evaluators: Evaluators, left: Mapping[str, TimeLeft]) -> tuple[list[Device], set[str]]:
    """Those that will be free at a known time, and the submissions that any device works on."""
    devices, at_work = [], set()
    for evaluator in evaluators:
        for device in evaluator.devices:
            free_in_s: float | None = 0.0
            if device.work:
                at_work.add(device.work.sid)
                known = left.get(device.work.sid)
                free_in_s = known.seconds if known else 0.0
            tiers = [tier for tier in evaluator.tiers if tier not in evaluator.on_hold]
            if free_in_s is not None and tiers and not evaluator.draining:
                devices.append(Device(tiers, free_in_s))
    return devices, at_work


def _holds(tier: Tier, evaluators: Evaluators, holds: Holds) -> tuple[Hold, ...]:
    """Those that keep evaluators that are there, or would keep any, from jobs of the tier."""
    names = {each.name for each in evaluators if tier in each.tiers}
    return tuple(
        hold
        for hold in holds.holds
        if (hold.name in names if hold.scope is HoldScope.EVALUATOR else hold.covers("", tier))
    )


def _doubt(tier: Tier, evaluators: Evaluators, holds: Sequence[Hold]) -> str:
    """Why nobody can tell when something new would start."""
    if evaluators.serving(tier):
        return _UNKNOWN_AHEAD
    if any(hold.scope is not HoldScope.EVALUATOR for hold in holds):
        return f"Operators have put tier {tier} on hold."
    if evaluators.on_hold(tier):
        return f"Every evaluator that serves tier {tier} is on hold."
    if not evaluators.are_known:
        return _NOT_HEARD_YET
    return f"No evaluator serves tier {tier} right now."


def _accepted_at(request: Request) -> datetime:
    return last_at(request, "submission.accepted") or request.received_at
