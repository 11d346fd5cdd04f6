"""lm-eval's result files, as the Open LLM Leaderboard kept them and as its harness writes them."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cli.importing import vocabulary
from cli.importing.problems import Problem, problems_of
from contracts.board import Board, BoardTask
from contracts.evaluation import HarnessResult
from contracts.imports import ImportedTask, ResultsImported
from contracts.models import ListedModel, Precision, WeightType
from contracts.submission import submission_id
from runtime.harness_results import metrics_and_stderrs

_VERSION = re.compile(r"^\[pip3\] (torch|numpy|lm_eval)==(\S+)", re.MULTILINE)


class _Config(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", protected_namespaces=())

    model_args: str | dict[str, Any] = ""
    model_sha: str = ""
    model_dtype: str | None = None
    model_num_parameters: int = 0
    limit: int | None = None

    @property
    def arguments(self) -> Mapping[str, Any]:
        if isinstance(self.model_args, str):
            pairs = (part.partition("=") for part in self.model_args.split(",") if part)
            return {name.strip(): value for name, _, value in pairs}
        return self.model_args


class _Samples(BaseModel):
    effective: int = 0


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", protected_namespaces=())

    results: dict[str, dict[str, Any]]
    config: _Config = _Config()
    model_name: str | None = None
    samples: dict[str, _Samples] = Field(alias="n-samples", default_factory=dict)
    shots: dict[str, int | None] = Field(alias="n-shot", default_factory=dict)
    versions: dict[str, Any] = Field(default_factory=dict)
    task_hashes: dict[str, str] = Field(default_factory=dict)
    chat_template: str | None = None
    transformers_version: str | None = None
    pretty_env_info: str | None = None
    total_evaluation_time_seconds: float = 0


@dataclass(frozen=True)
class Results:
    events: Sequence[ResultsImported]
    problems: Sequence[Problem]
    """Of files that are in no event, or only in part."""


def read_results(
    files: Iterable[Path], board: Board, source: str, *, model_args: str = ""
) -> Results:
    """Several files of one model are one event: of a task that is in several, the one whose file
    name has the latest time counts, as it did in the original. `model_args` stands in, in lm-eval's
    own form, for files that do not say what was scored."""
    events: dict[str, ResultsImported] = {}
    problems: list[Problem] = []
    for path in sorted(files, key=lambda path: (path.name, path)):
        try:
            file = _File.model_validate(json.loads(path.read_text()))
            event = _event(_named(file, model_args), board, source, path.name, problems)
        except ValidationError as fault:
            problems += problems_of(fault, path.name)
        except ValueError as fault:
            problems.append(Problem(path.name, "", "", str(fault)))
        else:
            if event:
                before = events.get(event.sid)
                events[event.sid] = _merged(before, event) if before else event
    return Results(tuple(events.values()), tuple(problems))


def _named(file: _File, model_args: str) -> _File:
    """Raises ValueError for a file that is of another model than is said of it."""
    if not model_args or file.config.arguments.get("pretrained"):
        return file
    config = file.config.model_copy(update={"model_args": model_args})
    model = config.arguments.get("peft") or config.arguments.get("pretrained")
    if file.model_name and file.model_name != model:
        raise ValueError(f"is of {file.model_name}, and --model-args of {model}")
    return file.model_copy(update={"config": config})


def _event(
    file: _File, board: Board, source: str, where: str, problems: list[Problem]
) -> ResultsImported | None:
    """None when it has no task of the board. Raises ValueError for a file that is not of a model on
    the Hub, or of another number of documents than the board's."""
    if file.config.limit != board.limit:
        raise ValueError(
            f"was scored with a limit of {file.config.limit} documents; the board's is"
            f" {board.limit}"
        )
    tasks = [
        task for column in board.tasks if (task := _task(column, file, where, problems)) is not None
    ]
    if not tasks:
        problems.append(Problem(where, "results", "", f"has no task of {board.name} with a score"))
        return None
    model = _model(file)
    known = {"transformers": file.transformers_version or ""} | dict(
        _VERSION.findall(file.pretty_env_info or "")
    )
    return ResultsImported(
        sid=submission_id(model, board.name),
        board=board.name,
        source=source,
        model=model,
        tasks=tuple(tasks),
        parameters=max(0, file.config.model_num_parameters),
        limit=file.config.limit,
        seconds=file.total_evaluation_time_seconds,
        versions={name: version for name, version in known.items() if version},
    )


def _model(file: _File) -> ListedModel:
    """Raises ValueError when the file does not say which weights it is about."""
    arguments = file.config.arguments
    changed, weight_type = arguments.get("peft"), WeightType.ADAPTER
    if not changed:
        changed, weight_type = arguments.get("delta"), WeightType.DELTA
    pretrained = arguments.get("pretrained")
    if not pretrained:
        example = f"pretrained={file.model_name or 'NAMESPACE/NAME'},revision=COMMIT,dtype=DTYPE"
        raise ValueError(
            f"'config.model_args' names no `pretrained` model; say it with --model-args {example}"
        )
    return ListedModel(
        repo_id=changed or pretrained,
        commit=vocabulary.commit(file.config.model_sha)
        or vocabulary.commit(arguments.get("revision", "")),
        precision=_precision(file.config, arguments),
        weight_type=weight_type if changed else WeightType.ORIGINAL,
        base_model=pretrained if changed else None,
        chat_template=bool(file.chat_template),
    )


def _precision(config: _Config, arguments: Mapping[str, Any]) -> Precision:
    for argument, precision in (
        ("load_in_4bit", Precision.INT4),
        ("load_in_8bit", Precision.INT8),
        ("autogptq", Precision.GPTQ),
        ("gptqmodel", Precision.GPTQ),
    ):
        if str(arguments.get(argument, False)).lower() not in ("false", "none"):
            return precision
    dtype = config.model_dtype or arguments.get("dtype")
    if dtype is None:
        raise ValueError("neither 'config.model_dtype' nor `dtype` in its model_args is there")
    return vocabulary.precision(dtype)


def _task(
    column: BoardTask, file: _File, where: str, problems: list[Problem]
) -> ImportedTask | None:
    """None when it cannot be computed from the file."""
    absent = [name for name in column.harness_tasks if name not in file.results]
    if len(absent) == len(column.harness_tasks):
        return None
    if absent:
        problems.append(Problem(where, f"results.{absent[0]}", "", f"is missing for {column.id}"))
        return None
    results = [_result(name, file) for name in column.harness_tasks]
    for result in results:
        for metric in column.metrics:
            if metric not in result.metrics:
                problems.append(Problem(where, f"results.{result.task}.{metric}", "", "is missing"))
                return None
    whole = file.results.get(column.harness_task, {}).get(column.metrics[0])
    return ImportedTask(
        task=column.id,
        whole=whole if column.subtasks and isinstance(whole, float) else None,
        results=tuple(results),
    )


def _result(name: str, file: _File) -> HarnessResult:
    metrics, stderrs = metrics_and_stderrs(file.results[name])
    version = file.versions.get(name)
    return HarnessResult(
        task=name,
        version="" if version is None else str(version),
        shots=file.shots.get(name) or 0,
        samples=file.samples[name].effective if name in file.samples else 0,
        metrics=metrics,
        stderrs=stderrs,
        prompt_hash=file.task_hashes.get(name, ""),
    )


def _merged(earlier: ResultsImported, later: ResultsImported) -> ResultsImported:
    tasks = {task.task: task for task in (*earlier.tasks, *later.tasks)}
    return later.model_copy(
        update={
            "tasks": tuple(tasks.values()),
            "parameters": later.parameters or earlier.parameters,
            "seconds": earlier.seconds + later.seconds,
        }
    )
