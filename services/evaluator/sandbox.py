"""Walls around a process that runs a model, which it and its children can never take down.

Models are data here, and no code of theirs is run. The walls are for the day when a tokenizer or a
weights file finds a hole in a library that reads it."""

import ctypes
import errno
import functools
import os
import resource
import struct
import sys
from collections.abc import Callable
from typing import Any

from services.evaluator.protocol import Confinement

_AF_UNIX, _AF_NETLINK = 1, 16
_PR_SET_NO_NEW_PRIVS = 38
# linux/landlock.h; system calls of this age have the same number on every architecture.
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_TELL_VERSION = 1
_BENEATH_PATH = 1
_MAKE_DEVICE_FILES, _MOVE_FILES = 1 << 6 | 1 << 11, 1 << 13
_SIGNALS = 1 << 1
_VERSION_WITH_MOVES, _VERSION_WITH_SIGNALS = 2, 6
_CAPABILITIES_3 = 0x20080522
"""Version of the structures that capset takes."""


@functools.cache
def confine() -> Confinement:
    """Shut this process in, and tell what could not be had on this machine."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    return Confinement(network=_why_not(_leave_network), processes=_why_not(_leave_processes))


def _why_not(measure: Callable[[], None]) -> str:
    try:
        measure()
    except (ImportError, RuntimeError, OSError) as fault:
        return str(fault) or type(fault).__name__
    return ""


def _leave_network() -> None:
    """From now on only sockets within this machine can be made. Unix sockets serve CUDA's MPS and
    PyTorch's shared memory; netlink asks the kernel about devices."""
    # Looks for libseccomp when it is imported, and raises RuntimeError where there is none.
    import pyseccomp

    rules = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
    refuse = pyseccomp.ERRNO(errno.EPERM)
    for family in set(range(_AF_NETLINK)) - {_AF_UNIX}:
        rules.add_rule(refuse, "socket", pyseccomp.Arg(0, pyseccomp.EQ, family))
    rules.add_rule(refuse, "socket", pyseccomp.Arg(0, pyseccomp.GT, _AF_NETLINK))
    rules.add_rule(refuse, "io_uring_setup")  # makes sockets without asking for one
    rules.load()


def _leave_processes() -> None:
    """Enter a Landlock domain: whatever it restricts, its members cannot trace processes outside,
    so they cannot read their memory and environment, nor (since Linux 6.12) send them signals.
    Root's capabilities would reach past it, and nothing here needs one."""
    if sys.platform != "linux":
        raise OSError(errno.ENOSYS, "Landlock is a part of Linux")
    libc = ctypes.CDLL(None, use_errno=True)

    def call(function: Callable[..., int], *arguments: Any) -> int:
        if (result := function(*arguments)) < 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        return result

    version = call(libc.syscall, _CREATE_RULESET, None, 0, _TELL_VERSION)
    if version < _VERSION_WITH_MOVES:
        raise OSError(errno.ENOSYS, "the kernel's Landlock would forbid moving files")
    # A domain has to restrict something. Nobody here makes device files, and moving files from
    # folder to folder, which every domain forbids unless told otherwise, is allowed everywhere.
    restricted = (
        _MAKE_DEVICE_FILES | _MOVE_FILES,
        0,
        _SIGNALS if version >= _VERSION_WITH_SIGNALS else 0,
    )
    attributes = (ctypes.c_uint64 * len(restricted))(*restricted)
    ruleset = call(libc.syscall, _CREATE_RULESET, attributes, ctypes.sizeof(attributes), 0)
    root = os.open("/", os.O_PATH)
    allowed = struct.pack("=Qi", _MOVE_FILES, root)
    call(libc.syscall, _ADD_RULE, ruleset, _BENEATH_PATH, allowed, 0)
    call(libc.prctl, _PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    call(libc.syscall, _RESTRICT_SELF, ruleset, 0)
    os.close(root)
    os.close(ruleset)
    own, none = (ctypes.c_uint32 * 2)(_CAPABILITIES_3, 0), (ctypes.c_uint32 * 6)()
    call(libc.capset, own, none)
