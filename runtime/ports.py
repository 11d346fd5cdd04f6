"""Free TCP ports, for processes that cannot report the one they took."""

import socket


def free_port(preferred: int = 0) -> int:
    """`preferred` when nobody listens there, else any free port of the loopback interface."""
    for port in (preferred, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise OSError("no free port on 127.0.0.1")
