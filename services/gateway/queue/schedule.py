"""When each job would start, if nothing new came. Pure."""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush

from contracts.models import Tier


@dataclass(frozen=True)
class Device:
    """What takes one job at a time."""

    tiers: Sequence[Tier]
    free_in_s: float


@dataclass(frozen=True)
class Job:
    sid: str
    takes_s: float | None
    """None when nobody knows."""


@dataclass(frozen=True)
class Schedule:
    starts_in_s: Mapping[str, float]
    """By submission id; what is missing starts nobody knows when."""
    free_in_s: Mapping[Tier, float]
    """When a device of the tier has nothing left to do; nobody knows of those that are missing."""


def scheduled(
    high: Mapping[Tier, Sequence[Job]],
    normal: Mapping[Tier, Sequence[Job]],
    devices: Sequence[Device],
) -> Schedule:
    """As evaluators take them: each that is free takes from any high lane it serves before any
    normal one, and its tiers take turns. A job of unknown length keeps its device for ever."""
    lanes = [{tier: deque(jobs) for tier, jobs in lane.items()} for lane in (high, normal)]
    turns = [deque(device.tiers) for device in devices]
    heap = [(device.free_in_s, number) for number, device in enumerate(devices)]
    heapify(heap)
    starts: dict[str, float] = {}
    free: dict[Tier, float] = {}
    while heap:
        at, number = heappop(heap)
        turns[number].rotate(-1)
        queue = next((lane[t] for lane in lanes for t in turns[number] if lane.get(t)), None)
        if queue is None:
            for tier in turns[number]:
                free.setdefault(tier, at)
            continue
        job = queue.popleft()
        starts[job.sid] = at
        if job.takes_s is not None:
            heappush(heap, (at + job.takes_s, number))
    return Schedule(starts, free)
