"""GET and HEAD of one file: streamed, in part when a Range asks for it."""

from dataclasses import dataclass
from pathlib import PurePosixPath

from starlette.requests import Request
from starlette.responses import FileResponse, Response

from localhub.access import downloadable_repo
from localhub.blobs import Blob
from localhub.errors import EntryNotFound
from localhub.repos import Repositories


@dataclass(frozen=True)
class Downloads:
    repositories: Repositories

    def resolve(self, request: Request) -> Response:
        repo = downloadable_repo(request, self.repositories)
        snapshot = self.repositories.snapshot(repo, request.path_params["revision"])
        path = request.path_params["path"]
        # Only what the tree lists is opened, so no address can lead out of the repository.
        blob = snapshot.tree.blobs.get(path)
        if blob is None:
            raise EntryNotFound(path, commit=snapshot.commit)
        headers = {"X-Repo-Commit": snapshot.commit, **_identity(blob)}
        if _is_known(request, headers["ETag"]):
            return Response(status_code=304, headers=headers)
        return FileResponse(
            snapshot.files[path].source,
            # Never by suffix: a browser would run a repository's HTML as the hub's own page.
            media_type="application/octet-stream" if blob.lfs else "text/plain",
            filename=PurePosixPath(path).name,
            content_disposition_type="inline",
            headers={**headers, "X-Content-Type-Options": "nosniff"},
        )


def _identity(blob: Blob) -> dict[str, str]:
    """Clients name a cached file by its X-Linked-Etag, which only LFS objects have, or its ETag."""
    if blob.lfs is None:
        return {"ETag": f'"{blob.oid}"'}
    etag = f'"{blob.lfs.sha256}"'
    return {"ETag": etag, "X-Linked-Etag": etag, "X-Linked-Size": str(blob.size)}


def _is_known(request: Request, etag: str) -> bool:
    known = request.headers.get("If-None-Match", "")
    return etag in [tag.strip().removeprefix("W/") for tag in known.split(",")]
