"""The walls around a child, seen from inside; and that it ends when it shall."""

import ctypes
import os
import socket
from collections.abc import AsyncIterator, Iterator
from ctypes.util import find_library
from pathlib import Path
from typing import Any

import pytest

from services.evaluator.child import Child, Target, WarmChildren
from services.evaluator.failures import EvaluationFault
from services.evaluator.memory import held_bytes
from services.evaluator.protocol import DataSetsMissing
from tests.fork_server import own_fork_server
from tests.integration.evaluator import inmates
from tests.integration.evaluator.world import wait_until_gone
from tests.waiting import until

SECRETS = {"HF_TOKEN": "hf_secret", "NATS_URL": "nats://user:secret@host", "MY_SECRET": "secret"}


@pytest.fixture(scope="module")
def children(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WarmChildren]:
    """From a process that knows secrets, and whose user has logged in on the Hub."""
    hf_home = tmp_path_factory.mktemp("hf-home")
    (hf_home / "token").write_text("hf_secret")
    with own_fork_server(), pytest.MonkeyPatch.context() as patch:
        for name, value in SECRETS.items():
            patch.setenv(name, value)
        patch.setenv("HF_HOME", str(hf_home))
        patch.setenv("EVALUATOR_HARNESS_TASKS", "false")
        yield WarmChildren()


needs_network_wall = pytest.mark.skipif(
    find_library("seccomp") is None, reason="libseccomp is not installed (Debian: libseccomp2)"
)
needs_process_wall = pytest.mark.skipif(
    ctypes.CDLL(None).syscall(444, None, 0, 1) < 6, reason="Landlock comes with Linux 6.12"
)


async def said(child: Child) -> AsyncIterator[str]:
    async for message in child.messages():
        assert isinstance(message, DataSetsMissing)
        yield message.detail


async def outcome(children: WarmChildren, folder: Path, target: Target, argument: Any) -> str:
    """What a child that does this has to say."""
    async with children.start(target, argument, folder / "output.log") as child:
        [line] = [line async for line in said(child)]
    return line


@needs_network_wall
async def test_a_listening_server_cannot_be_reached(children: WarmChildren, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        socket.create_connection(("127.0.0.1", port)).close()

        assert await outcome(children, tmp_path, inmates.call, port) == "PermissionError"


@needs_network_wall
@pytest.mark.parametrize("family", ["AF_INET", "AF_INET6", "AF_PACKET", "AF_VSOCK"])
async def test_no_socket_leads_out(children: WarmChildren, tmp_path: Path, family: str) -> None:
    number = getattr(socket, family)

    assert await outcome(children, tmp_path, inmates.make_socket, number) == "PermissionError"


async def test_sockets_within_the_machine_work(children: WarmChildren, tmp_path: Path) -> None:
    made = await outcome(children, tmp_path, inmates.make_socket, socket.AF_UNIX)

    assert made.startswith("<socket.socket")


async def test_no_secret_is_in_the_environment(children: WarmChildren, tmp_path: Path) -> None:
    environment = await outcome(children, tmp_path, inmates.read_file, "/proc/self/environ")

    names = {line.partition("=")[0] for line in environment.split("\0")}
    assert "secret" not in environment
    assert names.isdisjoint(SECRETS)
    assert {"PATH", "HF_HOME", "HF_HUB_OFFLINE"} <= names


async def test_the_token_of_a_login_is_not_found(children: WarmChildren, tmp_path: Path) -> None:
    assert await outcome(children, tmp_path, inmates.read_token, None) == "None"


@needs_process_wall
@pytest.mark.parametrize("file", ["environ", "mem"])
async def test_the_evaluator_itself_cannot_be_read(
    children: WarmChildren, tmp_path: Path, file: str
) -> None:
    path = f"/proc/{os.getpid()}/{file}"

    assert await outcome(children, tmp_path, inmates.read_file, path) == "PermissionError"


@needs_process_wall
async def test_the_evaluator_itself_cannot_be_ended(children: WarmChildren, tmp_path: Path) -> None:
    pid = os.getpid()

    assert await outcome(children, tmp_path, inmates.signal_process, pid) == "PermissionError"


@needs_process_wall
async def test_nothing_is_dumped_and_nothing_gains_rights(
    children: WarmChildren, tmp_path: Path
) -> None:
    assert await outcome(children, tmp_path, inmates.tell_limits, None) == "(0, 0) 1"


async def test_files_can_be_moved(children: WarmChildren, tmp_path: Path) -> None:
    assert await outcome(children, tmp_path, inmates.move_a_file, None) == "True"


async def test_what_a_child_has_started_ends_with_it(
    children: WarmChildren, tmp_path: Path
) -> None:
    async with children.start(inmates.start_another, None, tmp_path / "output.log") as child:
        pid = int(await anext(said(child)))

    wait_until_gone([pid])


async def test_memory_is_counted_as_long_as_it_is_held(
    children: WarmChildren, tmp_path: Path
) -> None:
    size = 300_000_000
    async with children.start(inmates.hold_memory, size, tmp_path / "output.log") as child:
        await anext(said(child))
        pid = child.pid
        assert size < held_bytes(pid) < size + 2e9

    assert await until(lambda: held_bytes(pid) == 0)


async def test_a_child_at_work_hears_the_order_to_stop(
    children: WarmChildren, tmp_path: Path
) -> None:
    async with children.start(inmates.wait_for_the_order, None, tmp_path / "output.log") as child:
        lines = said(child)
        assert await anext(lines) == "ready"

        child.ask_to_stop()

        assert [line async for line in lines] == ["stopped"]


async def test_a_child_that_breaks_off_is_a_fault(children: WarmChildren, tmp_path: Path) -> None:
    with pytest.raises(EvaluationFault, match="status 3"):
        await outcome(children, tmp_path, inmates.leave_with, 3)
