"""The query parameters that ask a board, as the API documents them."""

import difflib
from collections.abc import Iterable
from typing import Annotated

import msgspec
from litestar.openapi.spec import Example
from litestar.params import QueryParameter

from services.gateway.http.errors import ErrorCode, Refusal
from services.gateway.query.asked import DEFAULT_SORT, Asked, Ranks, Scores
from services.gateway.query.choices import one_of
from services.gateway.query.filters import HIDEABLE, SIZES, UNKNOWN, VOCABULARY

MOST_AT_ONCE = 1000
_NAMES = tuple(field.name for field in msgspec.structs.fields(Asked))


def provide_asked(
    search: Annotated[
        str,
        QueryParameter(
            description="In the query language.",
            examples=[Example(value="llama; @license:apache -@params:>13")],
        ),
    ] = "",
    sort: Annotated[
        str,
        QueryParameter(
            description="Columns, the most important first; `-` before one puts its highest first.",
            examples=[Example(value="-average,parameters")],
        ),
    ] = DEFAULT_SORT,
    model_type: Annotated[
        list[str] | None,
        QueryParameter(name="type", description=f"Any of: {', '.join(VOCABULARY['type'])}."),
    ] = None,
    precision: Annotated[
        list[str] | None,
        QueryParameter(description=f"Any of: {', '.join(VOCABULARY['precision'])}."),
    ] = None,
    weight_type: Annotated[
        list[str] | None,
        QueryParameter(description=f"Any of: {', '.join(VOCABULARY['weight_type'])}."),
    ] = None,
    license_: Annotated[
        list[str] | None,
        QueryParameter(name="license", description=f"Any of these, or `{UNKNOWN}`."),
    ] = None,
    architecture: Annotated[
        list[str] | None, QueryParameter(description=f"Any of these, or `{UNKNOWN}`.")
    ] = None,
    origin: Annotated[
        list[str] | None,
        QueryParameter(description=f"Any of: {', '.join(VOCABULARY['origin'])}."),
    ] = None,
    official: Annotated[
        bool | None, QueryParameter(description="Whether of official providers.")
    ] = None,
    chat_template: Annotated[
        bool | None, QueryParameter(description="Whether evaluated with one.")
    ] = None,
    size: Annotated[
        str | None,
        QueryParameter(
            description=f"Billions of parameters: {', '.join(map(str, SIZES))}.",
            enum=[size.name for size in SIZES],
        ),
    ] = None,
    params_min: Annotated[
        float | None, QueryParameter(ge=0, description="Least billions of parameters.")
    ] = None,
    params_max: Annotated[
        float | None,
        QueryParameter(ge=0, description="Billions of parameters that are too many."),
    ] = None,
    hide: Annotated[
        list[str] | None,
        QueryParameter(description=f"Any of: {', '.join(trait.name for trait in HIDEABLE)}."),
    ] = None,
    ranks: Annotated[
        str,
        QueryParameter(
            description="Among all rows, or among those that are found.", enum=list(Ranks)
        ),
    ] = Ranks.STATIC,
    tasks: Annotated[
        str, QueryParameter(description="Tasks that the average is made of, joined by commas.")
    ] = "",
    weights: Annotated[
        str,
        QueryParameter(
            description="Weights of tasks in the average, `ifeval:2,bbh:0`; 1 if unsaid."
        ),
    ] = "",
    scores: Annotated[
        str | None,
        QueryParameter(
            description="Which scores a table shows; both if unsaid.", enum=list(Scores)
        ),
    ] = None,
    columns: Annotated[
        str,
        QueryParameter(
            description="Columns of a table, joined by commas; all if unsaid.",
            examples=[Example(value="rank,model,average")],
        ),
    ] = "",
    limit: Annotated[
        int | None, QueryParameter(ge=1, le=MOST_AT_ONCE, description="Most rows.")
    ] = None,
    after: Annotated[
        str | None, QueryParameter(description="Cursor out of `next`: the page that follows.")
    ] = None,
    as_of: Annotated[
        str,
        QueryParameter(
            description="The board of that day, `2026-01-31`, or of a time.",
            examples=[Example(value="2026-01-31T12:00:00Z")],
        ),
    ] = "",
) -> Asked:
    """A dependency: whichever route wants `asked` takes these."""
    return Asked(
        search=search,
        sort=sort,
        type=tuple(model_type or ()),
        precision=tuple(precision or ()),
        weight_type=tuple(weight_type or ()),
        license=tuple(license_ or ()),
        architecture=tuple(architecture or ()),
        origin=tuple(origin or ()),
        official=official,
        chat_template=chat_template,
        size=size,
        params_min=params_min,
        params_max=params_max,
        hide=tuple(hide or ()),
        ranks=Ranks(one_of("ranks", ranks, Ranks)),
        tasks=tasks,
        weights=weights,
        scores=Scores(one_of("scores", scores, Scores)) if scores is not None else None,
        columns=columns,
        limit=limit,
        after=after,
        as_of=as_of,
    )


def check_names(given: Iterable[str], *more: str) -> None:
    """Raises Refusal for a parameter that is none of these, nor of `more`: left unread, a filter
    that is misspelt would find everything."""
    known = (*_NAMES, *more)
    for name in given:
        if name not in known:
            nearest = next(iter(difflib.get_close_matches(name.casefold(), known)), None)
            raise Refusal(
                ErrorCode.INVALID_REQUEST,
                f"There is no parameter {name!r}."
                + (f" Did you mean {nearest!r}?" if nearest else ""),
                f"Choose among: {', '.join(known)}.",
                {"parameter": name, "nearest": nearest, "choices": list(known)},
            )
