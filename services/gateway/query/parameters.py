"""The query parameters that ask a board, as the API documents them."""

from typing import Annotated

from litestar.params import QueryParameter

from services.gateway.query.asked import DEFAULT_SORT, Asked, Ranks, Scores
from services.gateway.query.filters import HIDEABLE, SIZES, UNKNOWN, VOCABULARY

MOST_AT_ONCE = 1000


def provide_asked(
    search: Annotated[
        str,
        QueryParameter(
            description="In the query language, such as `llama; @license:apache -@params:>13`."
        ),
    ] = "",
    sort: Annotated[
        str,
        QueryParameter(
            description="Columns, the most important first; `-` before one puts its highest first."
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
        QueryParameter(description=f"One of: {', '.join(size.name for size in SIZES)}."),
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
        Ranks, QueryParameter(description="Among all rows, or among those that are found.")
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
        Scores | None, QueryParameter(description="Which scores a table shows; both if unsaid.")
    ] = None,
    columns: Annotated[
        str, QueryParameter(description="Columns of a table, joined by commas; all if unsaid.")
    ] = "",
    limit: Annotated[
        int | None, QueryParameter(ge=1, le=MOST_AT_ONCE, description="Most rows.")
    ] = None,
    after: Annotated[
        str | None, QueryParameter(description="Cursor out of `next`: the page that follows.")
    ] = None,
    as_of: Annotated[
        str,
        QueryParameter(description="The board of that day, `2026-01-31`, or of a time."),
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
        size=size or None,
        params_min=params_min,
        params_max=params_max,
        hide=tuple(hide or ()),
        ranks=ranks,
        tasks=tasks,
        weights=weights,
        scores=scores,
        columns=columns,
        limit=limit,
        after=after,
        as_of=as_of,
    )
