"""A private nats-server on a loopback port, for one-machine runs and for tests."""

import json
import shutil
import subprocess
import sysconfig
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from runtime.processes import die_with_parent

# `always` is fsync before every acknowledgement. The server's default of two minutes lost 14 % of
# acknowledged writes in Jepsen's report on NATS 2.12.1.
_CONFIG = """\
listen: "127.0.0.1:{port}"
jetstream {{ store_dir: "{store}", sync_interval: {sync_interval} }}
max_payload: 8MB
"""


@dataclass(frozen=True)
class NatsServer:
    """How to start one nats-server; started twice, it continues with the same data and port."""

    folder: Path
    port: int = -1
    """-1 takes a free port."""
    sync_interval: str = "always"
    """Another only where losing what was acknowledged costs nothing, such as made-up rows."""

    @property
    def log(self) -> Path:
        return self.folder / "nats-server.log"

    def command(self) -> list[str | Path]:
        """What to execute. Writes the configuration file it reads."""
        self.folder.mkdir(parents=True, exist_ok=True)
        config = self.folder / "nats-server.conf"
        config.write_text(
            _CONFIG.format(
                port=self.port,
                store=self.folder / "jetstream",
                sync_interval=self.sync_interval,
            )
        )
        binary = shutil.which("nats-server", path=sysconfig.get_path("scripts")) or "nats-server"
        return [
            *(binary, "--config", config),
            *("--ports_file_dir", self.folder),
            *("--log", self.log),
        ]

    def start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self.command(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=die_with_parent,
        )

    def wait_until_ready(self, process: subprocess.Popen[bytes], timeout_s: float = 30) -> str:
        """Its URL, once it listens. The server writes its ports file when it is ready; a failed
        start raises RuntimeError with the end of its log."""
        ports_file = self.folder / f"nats-server_{process.pid}.ports"
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            if process.poll() is not None:
                break
            if ports_file.exists() and (ports := ports_file.read_text()):
                return str(json.loads(ports)["nats"][0])
            time.sleep(0.02)
        tail = self.log.read_text()[-2000:] if self.log.exists() else "no log was written"
        raise RuntimeError(f"nats-server did not start in {self.folder}: {tail}")


@contextmanager
def nats_server(folder: Path) -> Iterator[str]:
    """Run nats-server with its data in `folder`, yielding its URL."""
    server = NatsServer(folder)
    process = server.start()
    try:
        yield server.wait_until_ready(process)
    finally:
        process.terminate()
        process.wait(timeout=20)
