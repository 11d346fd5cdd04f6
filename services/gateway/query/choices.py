"""Values that are one of a few."""

from collections.abc import Iterable

from services.gateway.http.errors import ErrorCode, Refusal


def one_of(parameter: str, given: str, known: Iterable[str]) -> str:
    """The one that is meant; case makes no difference. Raises Refusal with all there are."""
    choices = list(known)
    value = given.strip().casefold()
    if value in choices:
        return value
    raise Refusal(
        ErrorCode.INVALID_REQUEST,
        f"`{parameter}` cannot be {given!r}.",
        f"Choose among: {', '.join(choices)}.",
        {"parameter": parameter, "choices": choices},
    )
