"""Probes, on the port that serves everything else."""

import msgspec
from litestar import Response, get
from litestar.status_codes import HTTP_200_OK, HTTP_503_SERVICE_UNAVAILABLE

from services.gateway.dependencies import ReadinessDependency


class Health(msgspec.Struct, frozen=True):
    ready: bool
    missing: list[str]


@get("/livez", operation_id="isAlive", tags=["health"])
async def is_alive() -> Health:
    """The event loop turns."""
    return Health(ready=True, missing=[])


@get("/readyz", operation_id="isReady", tags=["health"])
async def is_ready(readiness: ReadinessDependency) -> Response[Health]:
    """Every view was read once. An outage of NATS later does not change that: what is in memory
    is still the best there is to show, and a submission is answered with 503."""
    missing = readiness.missing
    return Response(
        Health(ready=not missing, missing=missing),
        status_code=HTTP_503_SERVICE_UNAVAILABLE if missing else HTTP_200_OK,
    )
