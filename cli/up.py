"""`podium up`: everything on this machine, until Ctrl-C."""

import asyncio
import signal
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from cli.console import console, fail
from cli.options import BoardsFolder
from cli.stack import Stack, StackError, StackOptions, running_stack
from runtime.boards import InvalidBoardError, load_boards
from runtime.settings import REPOSITORY

LOOPBACK = ("127.0.0.1", "::1", "localhost")


def up(
    hub: Annotated[
        str,
        typer.Option(envvar="HF_ENDPOINT", help="Hub that models come from: its URL, or a folder."),
    ] = "https://huggingface.co",
    data: Annotated[
        Path, typer.Option(help="Folder that keeps everything; start on it again to go on.")
    ] = Path("podium-data"),
    boards: BoardsFolder = REPOSITORY / "boards",
    limit: Annotated[
        int | None,
        typer.Option(min=1, help="Score the first so many documents per task only, for a trial."),
    ] = None,
    host: Annotated[str, typer.Option(help="Address the page listens on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port the page listens on.")] = 8000,
    open_to_all: Annotated[
        bool | None,
        typer.Option(
            "--open/--sign-in",
            help="Whether anybody may submit without a name. [default: open on this machine alone]",
            show_default=False,
        ),
    ] = None,
    evaluators: Annotated[
        int, typer.Option(min=0, help="Evaluator processes; 0 when they run on other machines.")
    ] = 1,
    nats: Annotated[
        str | None,
        typer.Option(
            envvar="NATS_URL", help="A nats-server that runs already; else one is started."
        ),
    ] = None,
) -> None:
    """Run Podium on this machine: nats-server, gateway, validator, evaluator, aggregator.

    Example: podium up --data ~/podium --port 8000
    """
    _check_address(host, port)
    options = StackOptions(
        data=data.expanduser().resolve(),
        hub=hub if "://" in hub else Path(hub),
        boards=boards,
        limit=limit,
        host=host,
        port=port,
        open=host in LOOPBACK if open_to_all is None else open_to_all,
        evaluators=evaluators,
        nats_url=nats,
    )

    async def until_told_to_stop(stack: Stack) -> None:
        console.print(running_panel(stack, options))
        await asyncio.Event().wait()

    run_until_interrupted(options, until_told_to_stop)


def _check_address(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host, port), family=family).close()
    except OSError as fault:
        # Python appends what it was doing.
        reason = str(fault.strerror).partition(" (")[0]
        fail(
            f"The page cannot listen on {host}, port {port}: {reason}.",
            "Give another --port or --host.",
        )


def running_panel(stack: Stack, options: StackOptions) -> Panel:
    board = " --board BOARD" if len(load_boards(options.boards)) > 1 else ""
    places = Table.grid(padding=(0, 4))
    places.add_row(Text(stack.url, style="bold"), "the board")
    places.add_row(stack.nats_url, "NATS, for subscribers")
    places.add_row(Text(str(stack.logs)), "logs")
    advice = Text(
        f"\nSubmit: podium submit NAMESPACE/MODEL{board} --gateway {stack.url}\n"
        f"Stop:   Ctrl-C; `podium up --data {options.data}` goes on where it was."
    )
    return Panel.fit(Group(places, advice), title="Podium is running", border_style="green")


def run_until_interrupted(options: StackOptions, work: Callable[[Stack], Awaitable[None]]) -> None:
    """Run the stack and `work` on it. Ctrl-C and SIGTERM end both, in order; a second Ctrl-C does
    not hurry them, since each process has a limit of its own."""

    async def main() -> None:
        task = asyncio.current_task()
        assert task
        interrupted = False

        def interrupt() -> None:
            nonlocal interrupted
            if not interrupted:
                interrupted = True
                console.print("\nStopping. Running evaluations are handed back …")
                task.cancel()

        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, interrupt)
        with suppress(asyncio.CancelledError):
            console.print("Starting …")
            async with running_stack(options) as stack:
                await work(stack)

    try:
        asyncio.run(main())
    except StackError as fault:
        fail(str(fault), fault.advice)
    except InvalidBoardError as fault:
        fail(str(fault), "`podium boards check FILE` says everything that is wrong with a board.")
