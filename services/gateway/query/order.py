"""The order of rows, and where a page of it ends. No two rows are equal in it, so pages neither
repeat nor skip a row that stays where it is, through whichever gateway they come."""

import base64
import binascii
from dataclasses import dataclass

import msgspec
import polars as pl

from services.gateway.http.errors import ErrorCode, Refusal
from services.gateway.query.board_columns import Columns
from services.gateway.query.columns import FOLDED_NAME, Column, Kind
from services.gateway.query.language import unknown_field

MOST_KEYS = 8
_CURSOR_VERSION = 1

KeyValue = int | float | str | None
Position = tuple[KeyValue, ...]
"""The keys of a row, whether or not it is still there."""


@dataclass(frozen=True)
class Key:
    name: str
    values: pl.Expr
    kind: type[str] | type[float]
    descending: bool

    @property
    def reads(self) -> list[str]:
        """The columns that the values are made of."""
        return self.values.meta.root_names()

    def follows(self, cell: pl.Expr, value: KeyValue) -> pl.Expr:
        """Whether a cell comes after a value. What is unknown comes last, in both directions."""
        if value is None:
            return pl.lit(False)
        return (cell < value if self.descending else cell > value) | cell.is_null()

    def may_be(self, value: KeyValue) -> bool:
        return value is None or isinstance(value, str) is (self.kind is str)


class _Cursor(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    version: int
    order: str
    values: tuple[KeyValue, ...]


@dataclass(frozen=True)
class Order:
    keys: tuple[Key, ...]
    text: str
    """Equal texts mean equal orders."""

    def columns(self) -> list[pl.Expr]:
        return [key.values.alias(f"_{place}") for place, key in enumerate(self.keys)]

    @property
    def reads(self) -> list[str]:
        """The rows' columns that `columns` are made of."""
        return list({name for key in self.keys for name in key.reads})

    def shortlist(
        self, rows: pl.DataFrame, found: pl.Series, count: int, behind: Position | None
    ) -> pl.Series:
        """Of the places that are `found`, those that can be among the first `count`, or the first
        behind a position, as far as their first keys tell. To order these alone takes less time."""
        first, cell = self.keys[0], pl.col("_0")
        left = rows.select(first.reads)[found].select(first.values.alias("_0"), _at=found)
        if behind is not None:
            equal = cell.eq_missing(pl.lit(behind[0]))
            left = left.filter(first.follows(cell, behind[0]) | equal)
            count += left.select(equal.sum()).item()
        best = left.lazy().sort(cell, descending=first.descending, nulls_last=True).head(count)
        firsts = best.collect()["_0"]
        if len(firsts) == count:
            left = left.filter(~first.follows(cell, firsts[-1]))
        return left["_at"]

    def sort(self, keys: pl.LazyFrame) -> pl.LazyFrame:
        """Of a frame with `columns`."""
        return keys.sort(
            [f"_{place}" for place in range(len(self.keys))],
            descending=[key.descending for key in self.keys],
            nulls_last=True,
        )

    def cursor(self, position: Position) -> str:
        """Opaque: the page that it asks for begins behind this position."""
        cursor = _Cursor(_CURSOR_VERSION, self.text, position)
        return base64.urlsafe_b64encode(msgspec.json.encode(cursor)).decode().rstrip("=")

    def position(self, cursor: str) -> Position:
        """Raises Refusal for what `cursor` has not made."""
        return _read(cursor, self)

    def behind(self, position: Position) -> pl.Expr:
        """A condition on `columns`."""
        follows = pl.lit(False)
        for place, key in reversed(list(enumerate(self.keys))):
            cell, value = pl.col(f"_{place}"), position[place]
            follows = key.follows(cell, value) | (cell.eq_missing(pl.lit(value)) & follows)
        return follows


def read_order(sort: str, columns: Columns, weights: str) -> Order:
    """`-average,model`: names of columns, the most important first, descending after a `-`. Raises
    Refusal. `weights` tells averages apart."""
    names = [name.strip() for name in sort.split(",") if name.strip()]
    if len(names) > MOST_KEYS:
        raise Refusal(
            ErrorCode.INVALID_REQUEST,
            f"`sort` names {len(names)} columns; {MOST_KEYS} are the most.",
            "Leave the last ones out; they hardly ever decide.",
            {"parameter": "sort"},
        )
    keys = [_key(name, columns) for name in names]
    keys += [
        Key("scored", pl.col("scored"), float, descending=True),
        Key("model", pl.col(FOLDED_NAME), str, descending=False),
        Key("id", pl.col("id"), str, descending=False),
    ]
    text = ",".join(f"{'-' if key.descending else ''}{key.name}" for key in keys)
    return Order(tuple(keys), f"{text} {weights}".rstrip())


def _key(name: str, columns: Columns) -> Key:
    column = columns.find(name)
    if column is None:
        raise unknown_field(name.lstrip("-+"), columns, "sort")
    kind = str if column.kind in (Kind.TEXT, Kind.CHOICE) else float
    return Key(column.name, _comparable(column), kind, name.startswith("-"))


def _comparable(column: Column) -> pl.Expr:
    cell = pl.col(column.name)
    match column.kind:
        case Kind.TEXT | Kind.CHOICE if column.name == "model":
            return pl.col(FOLDED_NAME)
        case Kind.TEXT | Kind.CHOICE:
            return cell.cast(pl.String).str.to_lowercase()
        case Kind.BOOLEAN:
            return cell.cast(pl.Int64)
        case Kind.TIME:
            return cell.dt.timestamp("us")
        case Kind.NUMBER if column.name == "rank":
            # The same order, and it stays while rows come and go that others are ranked by.
            return -pl.col("average")
        case Kind.NUMBER:
            return cell


def _read(cursor: str, order: Order) -> Position:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        read = msgspec.json.decode(base64.b64decode(padded, b"-_", validate=True), type=_Cursor)
    except (binascii.Error, ValueError, msgspec.DecodeError):
        read = None
    if (
        read is None
        or (read.version, read.order) != (_CURSOR_VERSION, order.text)
        or len(read.values) != len(order.keys)
        or not all(map(Key.may_be, order.keys, read.values))
    ):
        raise Refusal(
            ErrorCode.INVALID_REQUEST,
            "`after` is no cursor of this list in this order.",
            "Take the whole address from `next`, or start again without `after`.",
            {"parameter": "after"},
        )
    return read.values
