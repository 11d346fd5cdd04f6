"""Free TCP ports, for processes that cannot report the one they took."""

import socket


def free_port(preferred: int = 0) -> int:
    """`preferred` when nobody listens there, else any free port of the loopback interface. For a
    minute the system gives it to nobody who asks for any port; who names it can listen there."""
    for port in (preferred, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
                probe.listen()
            except OSError:
                continue
            # A connection that this side ends first leaves the port in TIME_WAIT.
            with socket.create_connection(probe.getsockname()):
                probe.accept()[0].close()
            return int(probe.getsockname()[1])
    raise OSError("no free port on 127.0.0.1")
