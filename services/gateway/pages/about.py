"""What a board measures, how its scores come about, and how to cite them: all from its data."""

from dataclasses import dataclass
from enum import StrEnum

from litestar import Response, get
from litestar.params import FromPath
from litestar.response import Template

from contracts.board import Averaging, Board, BoardTask, Source
from contracts.models import ModelType
from services.gateway.boards.routes import known_board
from services.gateway.dependencies import StoreDependency
from services.gateway.pages.visit import VisitDependency


class Formula(StrEnum):
    """How a task's raw metrics become its score; each has its picture in `_formulas.html`."""

    PERCENT = "percent"
    NORMALISED = "normalised"
    WEIGHTED_THEN_NORMALISED = "weighted_then_normalised"
    AVERAGED_THEN_NORMALISED = "averaged_then_normalised"
    NORMALISED_THEN_AVERAGED = "normalised_then_averaged"


@dataclass(frozen=True)
class AboutTask:
    task: BoardTask
    formula: Formula
    floors: str
    """What guessing scores, raw and in percent; a range where the subtasks differ."""


@dataclass(frozen=True)
class TypeMeaning:
    type: ModelType
    meaning: str


_TYPES = (
    TypeMeaning(ModelType.PRETRAINED, "a base model, trained on text from scratch"),
    TypeMeaning(
        ModelType.CONTINUOUSLY_PRETRAINED,
        "a base model that was trained further on more text, which may hold instructions",
    ),
    TypeMeaning(ModelType.FINE_TUNED, "fine-tuned on data of a domain or task"),
    TypeMeaning(ModelType.CHAT, "made to talk: instruction tuning, RLHF, DPO and their relatives"),
    TypeMeaning(ModelType.MERGE, "weights of several models merged, without training after that"),
    TypeMeaning(ModelType.MULTIMODAL, "takes images or sound as well; only text is evaluated"),
    TypeMeaning(ModelType.OTHER, "anything else, or nobody said"),
)
_HARNESS = Source(
    title="EleutherAI Language Model Evaluation Harness",
    url="https://github.com/EleutherAI/lm-evaluation-harness",
    citation="""\
@misc{eval-harness,
  title = {The Language Model Evaluation Harness},
  author = {Gao, Leo and Tow, Jonathan and Abbasi, Baber and Biderman, Stella and Black, Sid and \
DiPofi, Anthony and Foster, Charles and Golding, Laurence and Hsu, Jeffrey and Le Noac'h, Alain \
and Li, Haonan and McDonell, Kyle and Muennighoff, Niklas and Ociepa, Chris and Phang, Jason and \
Reynolds, Laria and Schoelkopf, Hailey and Skowron, Aviya and Sutawika, Lintang and Tang, Eric \
and Thite, Anish and Wang, Ben and Wang, Kevin and Zou, Andy},
  year = {2024},
  publisher = {Zenodo},
  doi = {10.5281/zenodo.12608602},
  url = {https://zenodo.org/records/12608602}
}
""",
)


@get("/boards/{name:str}/about", include_in_schema=False)
async def show_about(name: FromPath[str], visit: VisitDependency) -> Template:
    board = known_board(name, visit.store)
    context = {
        "tasks": [about_task(task) for task in board.tasks],
        "is_normalised": any(_formula(task) is not Formula.PERCENT for task in board.tasks),
        "types": _TYPES,
        "sources": _sources(board),
    }
    return visit.page("about", context, board=board)


@get("/boards/{name:str}/citations.bib", include_in_schema=False, media_type="application/x-bibtex")
async def get_citations(name: FromPath[str], store: StoreDependency) -> Response[str]:
    board = known_board(name, store)
    entries = (source.citation.strip() for source in _sources(board) if source.citation)
    return Response(
        "\n\n".join(entries) + "\n",
        headers={"Content-Disposition": f'attachment; filename="{board.name}.bib"'},
    )


def about_task(task: BoardTask) -> AboutTask:
    return AboutTask(task, _formula(task), _floors(task))


def _formula(task: BoardTask) -> Formula:
    if task.normalizes_subtasks:
        return Formula.NORMALISED_THEN_AVERAGED
    if task.floor == 0:
        return Formula.PERCENT
    if not task.subtasks:
        return Formula.NORMALISED
    if task.average is Averaging.SIZE_WEIGHTED:
        return Formula.WEIGHTED_THEN_NORMALISED
    return Formula.AVERAGED_THEN_NORMALISED


def _floors(task: BoardTask) -> str:
    floors = sorted(
        {one.floor for one in task.subtasks} if task.normalizes_subtasks else {task.floor}
    )
    percent = [f"{100 * floor:.3g}" for floor in floors]
    return f"{percent[0]} %" if len(percent) == 1 else f"{percent[0]} to {percent[-1]} %"


def _sources(board: Board) -> tuple[Source, ...]:
    of_tasks = (task.source for task in board.tasks)
    return (*board.sources, _HARNESS, *(source for source in of_tasks if source))
