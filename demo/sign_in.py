"""Browsers sign in to a demo's gateway by its localhub, which has to know the gateway."""

import json
from pathlib import Path

from filelock import FileLock

APPS = "_apps.json"
CALLBACK = "/sign-in/callback"
_KEPT = 16
"""Gateways that the file holds; a demo that takes any free port leaves another each time."""


def register_gateway(root: Path, address: str) -> str:
    """The client id of the gateway at `address`. Other demos on the same folder keep theirs."""
    client_id = f"podium-demo-{address.rpartition(':')[2]}"
    file = root / APPS
    with FileLock(root / ".lock"):
        apps = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
        apps.pop(client_id, None)
        apps[client_id] = {"redirectUris": [address + CALLBACK]}
        part = file.with_name(f"{APPS}.part")
        part.write_text(json.dumps(dict(list(apps.items())[-_KEPT:])), encoding="utf-8")
        part.replace(file)
    return client_id
