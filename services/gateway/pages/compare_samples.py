"""The samples on which the first row of a comparison and another one part."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from contracts.views import Entry
from services.gateway.comparison.differences import ComparedTask, Comparison
from services.gateway.comparison.differing import Better, Differing, Wanted, differing_samples
from services.gateway.http.errors import ErrorCode, Refusal
from services.gateway.samples.files import DetailFiles
from services.gateway.samples.reading import PAGE


@dataclass(frozen=True)
class Parting:
    """The samples of one task on which the first row and another one differ."""

    task: ComparedTask
    other: Entry
    differing: Differing | None
    trouble: Refusal | None
    tasks: tuple[tuple[str, str, bool], ...]
    """Title, address, whether it is the current one; those that both have samples of."""
    others: tuple[tuple[str, str, bool], ...]
    sides: tuple[tuple[str, str, bool], ...]
    """Whose gains are shown; empty where nothing differs."""
    before: str | None
    after: str | None


def comparison_address(ids: Sequence[str], **more: str | int) -> str:
    # A comma needs no escape in a query, and an address that people send around looks better so.
    query = urlencode({"ids": ",".join(ids), **more}, safe=",")
    return f"/compare?{query}"


def _short(entry: Entry) -> str:
    return entry.repo_id.rpartition("/")[2]


async def parting(
    found: Comparison, files: DetailFiles, task: str, other: str, wanted: Wanted
) -> Parting | None:
    """None where no two rows have samples of one task."""
    first, *others = found.entries
    pairs = [
        (one, entry)
        for one in found.tasks
        for place, entry in enumerate(others, start=1)
        if one.has_samples[0] and one.has_samples[place]
    ]
    if not pairs:
        return None
    chosen, against = next(
        (pair for pair in pairs if pair[0].task.id == task and pair[1].sid == other),
        next((pair for pair in pairs if pair[0].task.id == task), pairs[0]),
    )
    ids = [entry.sid for entry in found.entries]

    def address(**changes: str | int) -> str:
        kept: dict[str, str | int] = {"task": chosen.task.id, "other": against.sid}
        if wanted.better is not Better.EITHER:
            kept["better"] = wanted.better.value
        return comparison_address(ids, **(kept | changes)) + "#part"

    differing, trouble = None, None
    try:
        differing = await differing_samples(chosen.task, first, against, files, wanted)
    except Refusal as refusal:
        if refusal.code not in (ErrorCode.SAMPLES_UNAVAILABLE, ErrorCode.BUS_UNREACHABLE):
            raise
        trouble = refusal
    tasks = {one.task.id: one for one, _ in pairs}
    entries = {entry.sid: entry for one, entry in pairs if one is chosen}
    total, offset = differing.total if differing else 0, wanted.offset
    return Parting(
        chosen,
        against,
        differing,
        trouble,
        tuple((one.task.title, address(task=key), one is chosen) for key, one in tasks.items()),
        tuple(
            (entry.repo_id, address(other=sid), entry is against) for sid, entry in entries.items()
        ),
        sides=tuple(
            (f"{label} {count:,}", address(better=side.value), side is wanted.better)
            for label, count, side in (
                ("All", differing.only_first + differing.only_second, Better.EITHER),
                (f"{_short(first)} better", differing.only_first, Better.FIRST),
                (f"{_short(against)} better", differing.only_second, Better.SECOND),
            )
        )
        if differing and differing.only_first + differing.only_second
        else (),
        before=address(offset=max(0, offset - PAGE)) if offset else None,
        after=address(offset=offset + PAGE) if offset + PAGE < total else None,
    )
