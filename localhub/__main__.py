"""python -m localhub ROOT: serve a folder as a Hub until interrupted."""

import argparse
import contextlib
import signal
import socket
import sys
from pathlib import Path

import uvicorn

from localhub.app import build_app
from localhub.repos import Repositories
from localhub.settings import MalformedSettings

SHUTDOWN_TIMEOUT_S = 5


def main() -> None:
    parser = argparse.ArgumentParser(prog="localhub", description="Serve a folder as a Hub.")
    parser.add_argument("root", type=Path, metavar="ROOT", help="holds models/ and datasets/")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=0, help="0, the default, takes a free one")
    parser.add_argument("--port-file", type=Path, help="file to write the port number to")
    arguments = parser.parse_args()
    root = arguments.root.resolve()
    if not root.is_dir():
        parser.error(f"{root} is not a folder")
    repositories = Repositories(root)
    try:
        repositories.check_settings()
    except MalformedSettings as malformed:
        parser.error(str(malformed))
    try:
        listener = socket.create_server((arguments.host, arguments.port))
    except OSError as refused:
        parser.error(f"cannot listen on {arguments.host}:{arguments.port}: {refused.strerror}")
    with listener:
        port = listener.getsockname()[1]
        if arguments.port_file:
            _write_whole(arguments.port_file, f"{port}\n")
        sys.stdout.write(f"localhub: http://{arguments.host}:{port} serving {root}\n")
        sys.stdout.flush()
        _serve(repositories, listener)


def _serve(repositories: Repositories, listener: socket.socket) -> None:
    config = uvicorn.Config(
        build_app(repositories),
        log_level="warning",
        lifespan="off",
        timeout_graceful_shutdown=SHUTDOWN_TIMEOUT_S,
    )
    # Uvicorn shuts down in good order, then raises the signal again: that is no fault here.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with contextlib.suppress(KeyboardInterrupt):
        uvicorn.Server(config).run(sockets=[listener])


def _write_whole(path: Path, text: str) -> None:
    """Whoever waits for the file never reads half of it."""
    part = path.with_name(f"{path.name}.part")
    part.write_text(text)
    part.replace(path)


if __name__ == "__main__":
    main()
