"""`podium demo`: a whole leaderboard on this machine, from nothing."""

import asyncio
import json
import os
import tempfile
from contextlib import ExitStack, aclosing
from pathlib import Path
from typing import Annotated

import typer
from rich.live import Live

from cli.console import console
from cli.gateway import Gateway, Submission, follow_submissions
from cli.stack import Stack, StackOptions
from cli.tables import board_table, reasons, submissions_table
from cli.up import run_until_interrupted
from demo.content import DemoContent, default_root, ensure_content
from demo.recipes import DemoSubmission
from demo.sign_in import register_gateway
from runtime.ports import free_port
from runtime.settings import REPOSITORY

BOARDS = REPOSITORY / "demo" / "boards"


def demo(
    once: Annotated[
        bool, typer.Option("--once", help="Exit when every submission is settled.")
    ] = False,
    data: Annotated[
        Path | None,
        typer.Option(help="Folder to keep the board in; else it is forgotten at the end."),
    ] = None,
    port: Annotated[
        int,
        typer.Option(
            min=0, max=65535, help="Port of the page; another one is taken when it is in use."
        ),
    ] = 8000,
) -> None:
    """Make tiny models, submit them, and watch them being evaluated for real.

    Example: podium demo --once
    """
    with ExitStack() as cleanup:
        content = _content()
        folder = data or Path(
            cleanup.enter_context(tempfile.TemporaryDirectory(prefix="podium-demo-"))
        )
        port = free_port(port)
        client_id = register_gateway(content.root, f"http://127.0.0.1:{port}")
        options = StackOptions(
            data=folder.expanduser().resolve(),
            hub=content.root,
            boards=BOARDS,
            port=port,
            environment=demo_environment(content) | {"GATEWAY_OAUTH_CLIENT_ID": client_id},
        )

        async def show(stack: Stack) -> None:
            await _show(stack, content, once)

        run_until_interrupted(options, show)


def demo_environment(content: DemoContent) -> dict[str, str]:
    """Settings of an evaluator that knows the demo's tasks and nothing else."""
    return {
        "HF_HOME": str(content.hub_cache),
        "EVALUATOR_TASK_FOLDERS": json.dumps([str(REPOSITORY / "demo" / "tasks")]),
        # lm-eval takes ten seconds to index its own thousands of tasks.
        "EVALUATOR_HARNESS_TASKS": "false",
        "EVALUATOR_THREADS": str(os.cpu_count() or 1),
        # The demo's models are made here, on machines that may lack libseccomp.
        "EVALUATOR_ALLOW_UNSANDBOXED": "true",
    }


def _content() -> DemoContent:
    with console.status("Looking for the demo's models …") as status:

        def progress(line: str) -> None:
            console.print(f"  {line}", style="dim")
            status.update("Making the demo's models and data (a minute or two, only once) …")

        return ensure_content(default_root(), progress)


async def _show(stack: Stack, content: DemoContent, once: bool) -> None:
    console.print(f"\n  The board: [bold]{stack.url}[/]    logs: {stack.logs}")
    console.print(f"  It is open to all; to vote, sign in with the token {content.token}\n")
    with Gateway(stack.url) as gateway:
        for submission in content.submissions:
            await asyncio.to_thread(gateway.submit, _body(submission))
        for settled in await _until_settled(stack.url, len(content.submissions)):
            if settled.why:
                console.print(f"\n[bold]{settled.model}[/] {settled.state}:")
                console.print(reasons(settled))
        [board] = gateway.boards()
        console.print()
        console.print(board_table(board, gateway.entries(board["name"], limit=100)["items"]))
    if not once:
        console.print(f"\n  Still serving {stack.url}. Ctrl-C ends it.")
        await asyncio.Event().wait()


async def _until_settled(url: str, expected: int) -> list[Submission]:
    """Show every submission's tasks until all are settled."""
    standing: dict[str, Submission] = {}
    async with aclosing(follow_submissions(url)) as following:
        with Live(console=console, refresh_per_second=4) as live:
            async for submission in following:
                standing[submission.id] = submission
                live.update(submissions_table(list(standing.values())))
                if len(standing) == expected and all(s.is_settled for s in standing.values()):
                    break
    return list(standing.values())


def _body(submission: DemoSubmission) -> dict[str, object]:
    return {
        "model": submission.model,
        "precision": submission.precision,
        "model_type": submission.model_type,
        "chat_template": submission.chat_template,
    }
