"""python -m services.validator.check INTENT

INTENT is a `contracts.check.RulesAsked` as JSON; a RuleReport is printed as JSON. The Hub and the
boards come from the environment, as they do for the validator itself."""

import asyncio
import sys

from huggingface_hub.utils.tqdm import disable_progress_bars

from contracts.check import RulesAsked
from runtime.boards import load_boards
from runtime.logs import configure_logs
from services.validator.check.report import report
from services.validator.child import start_importing
from services.validator.hub import Hub
from services.validator.settings import ValidatorSettings


def main() -> None:
    start_importing()
    settings = ValidatorSettings()
    configure_logs("check", log_format="console", log_level="error")
    disable_progress_bars()
    intent = RulesAsked.model_validate_json(sys.argv[1])
    hub = Hub(settings.hub_url, settings.hub_timeout_s, settings.scratch)
    board = load_boards(settings.boards)[intent.board]
    sys.stdout.write(asyncio.run(report(intent, board, hub)).model_dump_json())


if __name__ == "__main__":
    main()
