"""Times as a terminal shows them."""

from datetime import UTC, datetime


def duration(seconds: float) -> str:
    """`40 s`, `12 min`, `3 h 5 min`, `4 d 2 h`: as exact as an estimate deserves."""
    if seconds < 90:
        return f"{max(seconds, 0):.0f} s"
    minutes = round(seconds / 60)
    if minutes < 90:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min"
    return f"{hours // 24} d {hours % 24} h"


def until(moment: str) -> str:
    """`in about 12 min`, or `any moment`, for an ISO 8601 time."""
    seconds = (datetime.fromisoformat(moment) - datetime.now(UTC)).total_seconds()
    return f"in about {duration(seconds)}" if seconds >= 5 else "any moment"


def since(moment: str) -> str:
    """How long ago that was."""
    return duration((datetime.now(UTC) - datetime.fromisoformat(moment)).total_seconds())


def clock(moment: str) -> str:
    """`21 Nov 14:05:09`, by the clock of this machine."""
    return f"{datetime.fromisoformat(moment).astimezone():%-d %b %H:%M:%S}"
