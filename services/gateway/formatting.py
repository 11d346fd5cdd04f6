"""Numbers and times as people read them; the templates' filters."""

from datetime import UTC, datetime

from markupsafe import Markup, escape

from contracts.evaluation import EvaluationProgress

_DOWNLOADING = "downloading"
_SECONDS = {"s": 1, "min": 60, "h": 3600, "d": 24 * 3600}


def parameters(count: int) -> str:
    """`1.2M`, `7.2B`."""
    for size, unit in ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "K")):
        if count >= size:
            value = count / size
            return f"{value:.0f}{unit}" if value >= 100 else f"{value:.1f}{unit}"
    return str(count)


def decimals(value: float) -> str:
    """`72.71`, so that they line up, and two significant digits of what that would hide:
    `0.0013`."""
    return f"{value:.2g}" if 0 < abs(value) < 0.1 else f"{value:.2f}"


def duration(seconds: float) -> str:
    """`4.2 s`, `1 min 33 s`, `2 h 5 min`, `3 d 7 h`."""
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours < 48 else f"{hours // 24} d {hours % 24} h"


def energy(kwh: float) -> str:
    """`1.24 kWh`, `310 Wh`, `2.05 mWh`."""
    return _scaled(kwh, (("kWh", 1), ("Wh", 1e-3), ("mWh", 1e-6)))


def mass(kg: float) -> str:
    """`1.24 kg`, `310 g`, `2.05 mg`."""
    return _scaled(kg, (("kg", 1), ("g", 1e-3), ("mg", 1e-6)))


def _scaled(value: float, units: tuple[tuple[str, float], ...]) -> str:
    """Three significant digits in the largest unit that leaves something before the point."""
    name, size = next((unit for unit in units if value >= unit[1]), units[-1])
    return f"{float(f'{value / size:.3g}'):g} {name}"


def moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%-d %b %Y, %H:%M} UTC"


def relative(at: datetime, now: datetime) -> str:
    """`just now`, `12 s ago`, `3 min ago`, `5 h ago`, `2 d ago`, and from a month on the day. What
    static/js/time.js says too, so keep them alike."""
    seconds = int((now - at).total_seconds())
    if seconds < 5:
        return "just now"
    for size, unit in ((60, "s"), (3600, "min"), (24 * 3600, "h"), (30 * 24 * 3600, "d")):
        if seconds < size:
            return f"{seconds // _SECONDS[unit]} {unit} ago"
    return f"{at.astimezone(UTC):%-d %b %Y}"


def until(at: datetime, now: datetime) -> str:
    """`now`, `in about 40 s`, `in about 3 min`, `in about 2 h`, and from a day on the moment."""
    seconds = int((at - now).total_seconds())
    if seconds < 5:
        return "now"
    for size, unit in ((60, "s"), (3600, "min"), (24 * 3600, "h")):
        if seconds < size:
            return f"in about {seconds // _SECONDS[unit]} {unit}"
    return f"about {moment(at)}"


def words(identifier: str) -> str:
    """`continuously-pretrained` and `task_scored` without their joints."""
    return identifier.replace("-", " ").replace("_", " ")


def amount(progress: EvaluationProgress) -> str:
    """How much of the current step is done, how fast it goes, and when it will be done; empty
    while nobody knows the whole. progress.js says the same."""
    if not progress.total:
        return ""
    rate, left = progress.per_second, progress.seconds_left
    if progress.phase == _DOWNLOADING:
        parts = [f"{progress.done / 1e6:.1f} of {progress.total / 1e6:.1f} MB"]
        parts += [] if rate is None else [f"{rate / 1e6:.1f} MB/s"]
    else:
        parts = [f"{progress.done} of {progress.total}"]
        parts += [] if rate is None else [f"{rate:.1f}/s"]
    return ", ".join(parts + ([] if left is None else [f"{duration(left)} left"]))


def is_web_link(address: str | None) -> bool:
    """Whether a browser that follows it leaves the page: `javascript:` would run in it."""
    return address is not None and address.startswith(("https://", "http://"))


def code_spans(sentence: str) -> Markup:
    """A sentence of ours as HTML, escaped, with what stands between backticks set as code."""
    parts = sentence.split("`")
    if len(parts) % 2 == 0:
        return escape(sentence)
    return Markup().join(
        Markup("<code>{}</code>").format(part) if position % 2 else escape(part)
        for position, part in enumerate(parts)
    )
