"""What a reader asks of a board, as its address says: `?search=llama&hide=moe&sort=-bbh`."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from urllib.parse import urlencode

import msgspec

from services.gateway.http.errors import ErrorCode, Refusal
from services.gateway.query.board_columns import Columns
from services.gateway.query.choices import one_of
from services.gateway.query.columns import Column
from services.gateway.query.engine import Query
from services.gateway.query.filters import (
    CHOICES,
    SIZES,
    SWITCHES,
    Filters,
    read_choices,
    read_hidden,
)
from services.gateway.query.language import read_search, unknown_field
from services.gateway.query.order import read_order
from services.gateway.query.weights import read_weighting

DEFAULT_SORT = "-average"


class Ranks(StrEnum):
    STATIC = "static"
    DYNAMIC = "dynamic"


class Scores(StrEnum):
    NORMALIZED = "normalized"
    RAW = "raw"


class Asked(msgspec.Struct, frozen=True, omit_defaults=True):
    """Texts as they were given; what they mean depends on the board's columns."""

    search: str = ""
    sort: str = DEFAULT_SORT
    type: tuple[str, ...] = ()
    precision: tuple[str, ...] = ()
    weight_type: tuple[str, ...] = ()
    license: tuple[str, ...] = ()
    architecture: tuple[str, ...] = ()
    origin: tuple[str, ...] = ()
    official: bool | None = None
    chat_template: bool | None = None
    size: str | None = None
    params_min: float | None = None
    params_max: float | None = None
    hide: tuple[str, ...] = ()
    ranks: Ranks = Ranks.STATIC
    tasks: str = ""
    weights: str = ""
    scores: Scores | None = None
    columns: str = ""
    limit: int | None = None
    after: str | None = None
    as_of: str = ""

    def paged(self, limit: int) -> "Asked":
        """Without a limit of its own, this one."""
        return self if self.limit else msgspec.structs.replace(self, limit=limit)

    def moment(self, now: datetime) -> datetime | None:
        """Up to when things have happened: a day is meant to its end, a time without a zone is UTC.
        None for now. Raises Refusal."""
        if not self.as_of:
            return None
        try:
            told = datetime.fromisoformat(self.as_of)
            if len(self.as_of) <= len("2026-01-31"):
                told += timedelta(days=1, microseconds=-1)
            at = (told if told.tzinfo else told.replace(tzinfo=UTC)).astimezone(UTC)
        except (ValueError, OverflowError):
            raise Refusal(
                ErrorCode.INVALID_REQUEST,
                f"`as_of` cannot be {self.as_of!r}.",
                "Write a day, such as 2026-01-31, or a time, such as 2026-01-31T12:00:00Z.",
                {"parameter": "as_of"},
            ) from None
        return at if at < now else None

    def query(self, columns: Columns) -> Query:
        """Raises Refusal for what this board cannot answer."""
        weighting = read_weighting(self.tasks, self.weights, columns.tasks)
        return Query(
            search=read_search(self.search, columns),
            filters=self._filters(),
            order=read_order(self.sort, columns, str(weighting)),
            weighting=weighting,
            dynamic=self.ranks is Ranks.DYNAMIC,
            limit=self.limit,
            after=self.after,
        )

    def _filters(self) -> Filters:
        given = {name: read_choices(name, getattr(self, name)) for name in CHOICES}
        switches = {name: getattr(self, name) for name in SWITCHES}
        low, high = self._sizes()
        return Filters(
            choices=tuple((name, values) for name, values in given.items() if values),
            switches=tuple((name, on) for name, on in switches.items() if on is not None),
            low=low,
            high=high,
            hidden=read_hidden(self.hide),
        )

    def _sizes(self) -> tuple[float | None, float | None]:
        if self.size is None:
            return self.params_min, self.params_max
        if self.params_min is not None or self.params_max is not None:
            raise Refusal(
                ErrorCode.INVALID_REQUEST,
                "`size` stands beside `params_min` or `params_max`, and both say how large.",
                "Leave one of them out.",
                {"parameter": "size"},
            )
        wanted = one_of("size", self.size, (size.name for size in SIZES))
        return next((size.low, size.high) for size in SIZES if size.name == wanted)

    def shown(self, columns: Columns) -> tuple[Column, ...]:
        """The columns of a table. Raises Refusal for one that this board does not have."""
        if not self.columns:
            left_out = {
                None: (),
                Scores.NORMALIZED: columns.raw_scores,
                Scores.RAW: columns.normalized_scores,
            }[self.scores]
            return tuple(column for column in columns if column.name not in left_out)
        chosen = {}
        for name in filter(None, map(str.strip, self.columns.split(","))):
            column = columns.find(name)
            if column is None:
                raise unknown_field(name, columns, "columns")
            chosen[column.name] = column
        return tuple(chosen.values())

    def address(self, path: str, **changed: object) -> str:
        """The address that asks the same but for what is `changed`; None leaves a thing out."""
        given = self.pairs(**changed)
        return f"{path}?{urlencode(given)}" if given else path

    def pairs(self, **changed: object) -> list[tuple[str, str]]:
        """The parameters of that address, such as the hidden fields of a form."""
        asked = {**msgspec.to_builtins(self), **changed}
        return [
            (name, str(one).lower() if isinstance(one, bool) else str(one))
            for name, value in asked.items()
            for one in (
                value if isinstance(value, Sequence) and not isinstance(value, str) else [value]
            )
            if one is not None
        ]
