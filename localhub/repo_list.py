"""Which repositories a list holds and in what order, by the query of GET /api/models|datasets."""

from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel
from starlette.requests import Request

from localhub.errors import BadRequest
from localhub.info import FULL_KEYS, LISTED_KEYS, RepoDescriber
from localhub.repos import Snapshot

Repeated = Annotated[tuple[str, ...], BeforeValidator(tuple)]


class ListQuery(BaseModel):
    """A parameter that is not among these is refused: to overlook it would list the wrong ones."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel)

    search: str = ""
    author: str = ""
    filter: Repeated = ()
    """Tags that must all be there."""
    pipeline_tag: str | None = Field(default=None, alias="pipeline_tag")
    gated: bool | None = None
    sort: Literal["createdAt", "lastModified", "downloads", "likes"] | None = None
    direction: Literal["-1"] = "-1"
    limit: int = Field(default=1000, ge=1, le=1000)
    cursor: str = ""
    full: bool = False
    card_data: bool = False
    config: bool = False
    expand: Repeated = ()

    @classmethod
    def read(cls, request: Request) -> "ListQuery":
        """Raises BadRequest."""
        params = request.query_params
        given: dict[str, object] = {**params}
        given |= {name: params.getlist(name) for name in ("filter", "expand") if name in params}
        try:
            return cls.model_validate(given)
        except ValidationError as invalid:
            faults = invalid.errors(include_url=False)
            raise BadRequest("; ".join(f"{f['loc'][0]}: {f['msg']}" for f in faults)) from invalid

    def keys(self) -> tuple[str, ...]:
        if self.expand:
            return self.expand
        asked = {"cardData": self.card_data or self.full, "config": self.config}
        extra = tuple(key for key, wanted in asked.items() if wanted)
        return (FULL_KEYS if self.full else LISTED_KEYS) + extra


def listed(
    snapshots: Iterable[Snapshot], query: ListQuery, describer: RepoDescriber
) -> list[Snapshot]:
    found = [snapshot for snapshot in snapshots if _matches(snapshot, query, describer)]
    match query.sort:
        case "createdAt":
            found.sort(key=lambda snapshot: snapshot.created_at, reverse=True)
        case "lastModified":
            found.sort(key=lambda snapshot: snapshot.last_modified, reverse=True)
        case "downloads":
            found.sort(key=lambda snapshot: snapshot.repo.settings.downloads, reverse=True)
        case "likes":
            found.sort(key=lambda snapshot: snapshot.repo.settings.likes, reverse=True)
    return found


def _matches(snapshot: Snapshot, query: ListQuery, describer: RepoDescriber) -> bool:
    repo = snapshot.repo
    return (
        query.search.lower() in repo.id.lower()
        and query.author in ("", repo.namespace)
        and query.gated in (None, bool(repo.settings.gated))
        and query.pipeline_tag in (None, describer.pipeline_tag(snapshot))
        and (not query.filter or set(query.filter) <= set(describer.tags(snapshot)))
    )
