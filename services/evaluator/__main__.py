"""python -m services.evaluator: take jobs and evaluate them until told to stop."""

import asyncio
import os
import sys
import tempfile
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import structlog
from huggingface_hub.constants import HF_HUB_CACHE

from runtime.boards import load_boards
from runtime.bus import service_connection
from runtime.service import Readiness, health_endpoints, run_service
from services.evaluator.child import WarmChildren, describe_machines
from services.evaluator.disk import HubCache
from services.evaluator.evaluation import OUTPUT, Station
from services.evaluator.failures import EvaluationFault, Failure
from services.evaluator.gate import Gate, keep_looking, look
from services.evaluator.interrupts import any_of, meanwhile
from services.evaluator.presence import Desk, announced
from services.evaluator.protocol import Confinement, Machine
from services.evaluator.settings import EvaluatorSettings
from services.evaluator.work import Evaluator, work
from services.evaluator.workspace import make_workspace

log = structlog.get_logger(__name__)

_EXIT_AFTER_S = 24.0
_THREADS_END_IN_S = 3.0
_MOST_THREADS = 64
"""Each device takes one to listen to its child, and a few more to start, end and download. The
default of a host with few cores would let the devices wait for each other."""


async def run(settings: EvaluatorSettings, stop: asyncio.Event) -> None:
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(_MOST_THREADS))
    # Everything temporary lies in there, down to the fork server's socket.
    tempfile.tempdir = str(make_workspace())
    async with meanwhile(_exit_in_time(stop)):
        await serve(settings, stop)
    _exit_unless_over_in(_THREADS_END_IN_S)


async def serve(settings: EvaluatorSettings, stop: asyncio.Event) -> None:
    boards = load_boards(settings.boards)
    readiness = Readiness("nats", "harness")
    children = WarmChildren()
    async with health_endpoints(settings, readiness):
        machines = await _warm_up(children, settings)
        _check_confinement(machines[0].confinement, settings)
        readiness.done("harness")
        async with service_connection(settings.nats_url, name=settings.name, stop=stop) as client:
            if client is None:
                return
            readiness.done("nats")
            devices = [machine.device for machine in machines]
            log.info("ready", devices=devices, tiers=list(settings.tiers))
            stations = _stations(settings, machines, children)
            evaluators = [Evaluator(client, boards, station) for station in stations]
            desks = [station.desk for station in stations]
            gate, js = Gate(settings.tiers), client.jetstream()
            # Before the first job is asked for: an evaluator that was restarted on hold stays so.
            await any_of(stop.wait(), look(js, settings.name, gate))
            async with (
                meanwhile(keep_looking(js, settings.name, gate)),
                announced(client, settings.name, gate, desks, stop),
            ):
                await work(evaluators, gate, stop)


def _stations(
    settings: EvaluatorSettings, machines: Sequence[Machine], children: WarmChildren
) -> list[Station]:
    several = len(machines) > 1
    names = [
        f"{settings.name}-{number}" if several else settings.name
        for number in range(1, len(machines) + 1)
    ]
    return [
        Station(
            name=name,
            machine=machine,
            options=replace(settings.harness_options, device=machine.torch_device),
            hub_url=settings.hub_url,
            cache=HubCache(Path(HF_HUB_CACHE), settings.cache_limit_bytes),
            children=children,
            memory_limit_bytes=settings.memory_limit_bytes,
            desk=Desk(name, machine.device),
        )
        for name, machine in zip(names, machines, strict=True)
    ]


async def _warm_up(children: WarmChildren, settings: EvaluatorSettings) -> list[Machine]:
    """Starts the fork server. Raises EvaluationFault when lm-eval cannot be imported, the log has
    the traceback; or when there is no such device."""
    wanted = (settings.harness_options, settings.devices)
    machines = []
    with TemporaryDirectory() as folder:
        async with children.start(describe_machines, wanted, Path(folder, OUTPUT)) as child:
            async for message in child.messages():
                match message:
                    case Machine():
                        machines.append(message)
                    case Failure():
                        raise EvaluationFault(message)
    return machines


def _check_confinement(confinement: Confinement, settings: EvaluatorSettings) -> None:
    """Raises SystemExit where models would have a network and the settings do not allow it."""
    if confinement.processes:
        log.warning(
            "a model's process could read what this user's other processes hold in memory",
            because=confinement.processes,
        )
    if not confinement.network:
        return
    if not settings.allow_unsandboxed:
        log.critical(
            "models cannot be kept off the network here, so none is run; install libseccomp"
            " (Debian: libseccomp2), or set EVALUATOR_ALLOW_UNSANDBOXED=true",
            because=confinement.network,
        )
        raise SystemExit(1)
    log.warning("models are not kept off the network", because=confinement.network)


async def _exit_in_time(stop: asyncio.Event) -> None:
    await stop.wait()
    _exit_unless_over_in(_EXIT_AFTER_S)


def _exit_unless_over_in(seconds: float) -> None:
    """Threads cannot be ended: a download from a Hub that has gone silent would keep the process.
    Children die with their parent."""

    def exit_now() -> None:
        sys.stderr.write("a thread does not end; exiting without it\n")
        os._exit(70)

    timer = threading.Timer(seconds, exit_now)
    timer.daemon = True
    timer.start()


def main() -> None:
    settings = EvaluatorSettings.of_environment()
    run_service("evaluator", settings, lambda stop: run(settings, stop))


if __name__ == "__main__":
    main()
