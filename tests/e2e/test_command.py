"""`podium` in a terminal: each command answers, and each refusal says what to do."""

import json
import re
import socket
from pathlib import Path

from demo.content import DemoContent
from demo.recipes import NAMESPACE
from runtime.ports import free_port
from runtime.settings import REPOSITORY
from tests.command import podium
from tests.e2e.conftest import StartStack


async def test_a_model_is_submitted_followed_and_found_on_the_board(
    start_stack: StartStack,
) -> None:
    async with start_stack() as stack:
        model = f"{NAMESPACE}/llama-400k-short"
        submission = (model, "--precision", "float32", "--gateway", stack.url)

        status, output = await podium("submit", *submission, "--wait")
        assert status == 0, output
        assert "finished" in output
        for step in ("Accepted", "Evaluation began", "Task scored: facts, ", "Finished"):
            assert output.count(step) == 1, output
        submission_id = re.findall(r"/requests/([0-9a-f]{20})", output)[0]

        status, output = await podium("status", submission_id, "--watch", "--gateway", stack.url)
        assert status == 0, output
        assert "Finished" in output
        status, output = await podium("workers", "--gateway", stack.url)
        assert status == 0, output
        assert "takes jobs" in output

        status, output = await podium("submit", *submission)
        assert status == 0, output
        assert "submitted before" in output
        assert submission_id in output

        status, output = await podium("board", "--gateway", stack.url)
        assert status == 0, output
        assert re.search(rf"^ *1 {model} ", output, re.MULTILINE)

        refused = f"{NAMESPACE}/llama-400k-no-license"
        status, output = await podium(
            *("submit", refused, "--precision", "float32", "--gateway", stack.url, "--wait")
        )
        assert status == 1
        assert "license-missing" in output
        refused_id = re.findall(r"/requests/([0-9a-f]{20})", output)[0]

        status, output = await podium("status", refused_id, "--gateway", stack.url)
        assert status == 0, output
        assert "rejected" in output
        assert "license-missing" in output

        status, output = await podium("status", "--gateway", stack.url)
        assert status == 0, output
        assert model in output
        assert refused in output

        status, output = await podium("submit", f"{NAMESPACE}/nobody", "--gateway", stack.url)
        assert status == 1
        assert f"{NAMESPACE}/nobody" in output

        status, output = await podium("board", "nowhere", "--gateway", stack.url)
        assert status == 1
        assert "There are: demo" in output

        status, output = await podium("workers", "--json", "--gateway", stack.url)
        [evaluator] = json.loads(output)["items"]
        order = (evaluator["name"], "--reason", "A new disk.", "--gateway", stack.url)
        status, output = await podium("workers", "drain", *order, "--wait")
        assert status == 0, output
        assert "nothing runs on it" in output
        status, output = await podium("queue", "--gateway", stack.url)
        assert f"Evaluator {evaluator['name']} was told to drain" in output
        status, output = await podium("workers", "resume", *order)
        assert status == 0, output
        status, output = await podium("moderate", "log", "--gateway", stack.url)
        assert "evaluators drained" in output


async def test_a_score_is_reproduced_with_lm_eval_alone(
    start_stack: StartStack, demo_content: DemoContent, tmp_path: Path
) -> None:
    async with start_stack() as stack:
        status, output = await podium(
            *("submit", f"{NAMESPACE}/llama-400k-short", "--precision", "float32"),
            *("--gateway", stack.url, "--wait"),
        )
        assert status == 0, output
        submission_id = re.findall(r"/requests/([0-9a-f]{20})", output)[0]
        command = ("reproduce", submission_id, "--task", "facts", "--gateway", stack.url)

        status, output = await podium(*command, "--print")
        assert status == 0, output
        assert "lm_eval run --model hf" in output
        assert not (tmp_path / "again").exists()

        status, output = await podium(*command)
        assert status == 2
        assert "--include-path" in output

        status, output = await podium(
            *command,
            *("--include-path", str(REPOSITORY / "demo" / "tasks")),
            *("--hub", str(demo_content.root)),
            *("--folder", str(tmp_path / "again")),
        )
        assert status == 0, output
        assert re.search(r"podium_demo_facts +0\.\d{4} +0\.\d{4} +[+-]0\.0000 .* equal", output)
        assert list((tmp_path / "again").rglob("samples_podium_demo_facts_*.jsonl"))


async def test_without_a_gateway_the_command_says_how_to_start_one() -> None:
    status, output = await podium("status", "--gateway", f"http://127.0.0.1:{free_port()}")

    assert status == 1
    assert "podium up" in output


async def test_what_cannot_be_run_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    address = ("--host", "127.0.0.1", "--port", str(free_port()))
    data = ("--data", str(tmp_path / "data"))

    status, output = await podium("up", *data, *address, "--hub", str(tmp_path / "nowhere"))
    assert (status, "to serve as a Hub" in output) == (1, True), output

    status, output = await podium("up", "--data", str(tmp_path / "file" / "data"), *address)
    assert (status, "with --data" in output) == (1, True), output

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        status, output = await podium("up", *data, "--port", port)
    assert (status, "another --port" in output) == (1, True), output


async def test_nothing_starts_on_a_board_that_is_not_valid(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("name: mine\n")

    status, output = await podium(
        *("up", "--boards", str(tmp_path), "--data", str(tmp_path / "data")),
        *("--port", str(free_port())),
    )

    assert status == 1
    assert "limits: Field required" in " ".join(output.split())
    assert "podium boards check" in output
