"""A board that tiny models fit on, and submissions to it."""

from contracts.board import Board, BoardTask, Limits
from contracts.models import ModelRef, ModelType, Precision
from contracts.submission import SubmissionReceived, submission_id
from contracts.views import Policy
from services.validator.child import ChildLimits
from services.validator.hub import Hub
from tests.integration.validator.tiny_model import ADAPTER_PARAMETERS, PARAMETERS

BOARD = Board(
    name="demo",
    title="Demo",
    version=1,
    tasks=(
        BoardTask(id="facts", title="Facts", harness_task="t", metrics=("acc,none",), choices=4),
    ),
    limits=Limits(
        max_parameters={
            Precision.FLOAT32: PARAMETERS + ADAPTER_PARAMETERS,
            Precision.FLOAT16: PARAMETERS,
            Precision.GPTQ: PARAMETERS,
            Precision.INT4: 2 * PARAMETERS,
        }
    ),
)


NO_POLICY = Policy()


def hub_at(url: str) -> Hub:
    return Hub(url, timeout_s=60, limits=ChildLimits(seconds=4))


def submission(
    model: ModelRef, board: str = BOARD.name, model_type: ModelType = ModelType.PRETRAINED
) -> SubmissionReceived:
    return SubmissionReceived(
        sid=submission_id(model, board), board=board, model=model, model_type=model_type
    )
