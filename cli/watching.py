"""One submission in the terminal, live, until it has ended."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import aclosing
from typing import Any

import typer
from rich.console import RenderableType
from rich.live import Live
from rich.text import Text

from cli import times
from cli.console import console, print_json
from cli.gateway import Submission, follow_submission
from cli.tables import reasons, submissions_table
from contracts.views import RequestState


def watch(gateway: str, submission_id: str, *, as_json: bool = False) -> None:
    """Print each change once until the submission has ended. Exits with status 1 unless it has
    finished. `as_json` prints the events as they come, one object per line."""
    asyncio.run(_watch(gateway, submission_id, as_json=as_json))


async def _watch(gateway: str, submission_id: str, *, as_json: bool) -> None:
    told = Told()
    async with aclosing(follow_submission(gateway, submission_id)) as events:
        with Live(console=console, transient=True, refresh_per_second=4) as live:
            async for event, data in events:
                lines = list(told.after(event, data))
                if as_json:
                    print_json({"event": event, "data": data})
                    continue
                for line in lines:
                    console.print(line)
                live.update(told.progress)
    submission = Submission.model_validate(told.request)
    if not as_json:
        console.print(submissions_table([submission]))
        console.print(reasons(submission))
    if submission.state is not RequestState.FINISHED:
        raise typer.Exit(1)


class Told:
    """What has been printed about a submission."""

    def __init__(self) -> None:
        self.request: dict[str, Any] = {}
        self.progress: RenderableType = ""
        """What is true for a moment only."""
        self._steps = 0
        self._place: tuple[object, ...] = ()

    def after(self, event: str, data: Any) -> Iterator[RenderableType]:
        """The lines to print now."""
        match event:
            case "request":
                self.request = data
                yield from self._history(data)
                yield from self._queue(data["queue"])
                self._show_progress(data["progress"])
                if validation := data.get("validation"):
                    self.progress = Text(validation_line(validation))
            case "queue":
                yield from self._queue(data)
            case "validation":
                self.progress = Text(validation_line(data) if data else "")
            case "progress":
                self._show_progress(data)

    def _history(self, request: dict[str, Any]) -> Iterator[RenderableType]:
        steps = request["history"]
        # Writers' clocks may differ, and a step may come in before one that was told.
        for step in steps[self._steps :]:
            yield Text.assemble((times.clock(step["at"]), "dim"), "  ", _step(step, request))
        self._steps = len(steps)

    def _queue(self, place: dict[str, Any] | None) -> Iterator[RenderableType]:
        if place is None:
            return
        key = (place["place"], place["evaluators"], place["unknown_because"])
        if key != self._place:
            self._place = key
            yield Text(f"{'':15}  {queue_line(place)}", style="dim")

    def _show_progress(self, progress: dict[str, Any] | None) -> None:
        self.progress = Text(progress_line(progress, self.request) if progress else "")


def queue_line(place: dict[str, Any]) -> str:
    """`Place 3 of 12 in tier small, which 2 evaluators serve; starts in about 4 min.`"""
    count = place["evaluators"]
    served = ", which 1 evaluator serves" if count == 1 else f", which {count} evaluators serve"
    where = f"Place {place['place']} of {place['waiting']} in tier {place['tier']}"
    parts = [where + served if count else where]
    if place["starts_at"]:
        parts.append(f"starts {times.until(place['starts_at'])}")
    if place["seconds"]:
        parts.append(f"takes about {times.duration(place['seconds'])}")
    line = f"{'; '.join(parts)}."
    return f"{line} {place['unknown_because']}" if place["unknown_because"] else line


def validation_line(validation: dict[str, Any]) -> str:
    """`26 of 39 rules settled, 1 broken; reads the headers of the weights`"""
    outcomes = Counter(rule["outcome"] for rule in validation["rules"])
    settled = f"{outcomes.total() - outcomes['waiting']} of {outcomes.total()} rules settled"
    broken = f", {outcomes['broken']} broken" if outcomes["broken"] else ""
    return f"{settled}{broken}; reads {validation['reading']}"


def progress_line(progress: dict[str, Any], request: dict[str, Any]) -> str:
    """`Task 2 of 6: scoring bbh, 120 of 400, 12.3/s, 2 min left of it, 14 min of all.`"""
    is_download = progress["phase"] == "downloading"
    unit, size = (" MB", 1e6) if is_download else ("", 1)
    parts = [" ".join(filter(None, (progress["phase"], progress["task"])))]
    if progress["total"]:
        done, total = progress["done"] / size, progress["total"] / size
        parts.append(f"{done:.0f} of {total:.0f}{unit}")
    if progress["per_second"] is not None:
        parts.append(f"{progress['per_second'] / size:.1f}{unit}/s")
    if progress["task_seconds_left"] is not None:
        parts.append(f"{times.duration(progress['task_seconds_left'])} left of it")
    if progress["seconds_left"] is not None:
        parts.append(f"{times.duration(progress['seconds_left'])} of all")
    total = request["tasks_total"]
    return f"Task {min(request['tasks_scored'] + 1, total)} of {total}: {', '.join(parts)}"


def _step(step: dict[str, Any], request: dict[str, Any]) -> str:
    """With the score, where the step is about one."""
    scores = {task["task"]: task["score"] for task in request["tasks"]}
    score = scores.get(step["note"]) if step["what"] == "evaluation.task_scored" else None
    sentence: str = step["sentence"]
    return sentence if score is None else f"{sentence.removesuffix('.')}, {score:.2f}."
