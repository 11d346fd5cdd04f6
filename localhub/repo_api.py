"""The JSON endpoints under /api."""

from dataclasses import dataclass
from urllib.parse import parse_qs

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from localhub.access import downloadable_repo, identify, is_visible, requested_repo, whoami
from localhub.errors import BadRequest, EntryNotFound, RepoNotFound
from localhub.info import ALL_KEYS, JSONObject, RepoDescriber, timestamp
from localhub.repo_list import ListQuery, listed
from localhub.repos import MAIN, RefKind, RepoKind, Repositories, Snapshot
from localhub.responses import JSON, page
from localhub.trees import Tree

TREE_PAGE = 1000
EXPANDED_TREE_PAGE = 50
COMMITS_PAGE = 50

_UNSCANNED = {"status": "unscanned", "avScan": None, "pickleImportScan": None}


@dataclass(frozen=True)
class RepoApi:
    repositories: Repositories
    describer: RepoDescriber

    def list_repos(self, request: Request) -> Response:
        query = ListQuery.read(request)
        user = identify(request, self.repositories)
        snapshots = [
            self.repositories.main(repo)
            for repo in self.repositories.of_kind(RepoKind(request.path_params["kind"]))
            if is_visible(repo, user) and not repo.settings.disabled
        ]
        keys = query.keys()
        return page(
            request,
            listed(snapshots, query, self.describer),
            query.limit,
            lambda snapshot: self.describer.describe(snapshot, keys),
        )

    def info(self, request: Request) -> Response:
        snapshot = self._snapshot(request)
        expand = request.query_params.getlist("expand")
        described = self.describer.describe(
            snapshot, expand or ALL_KEYS, blobs=_is_asked(request, "blobs")
        )
        if _is_asked(request, "securityStatus"):
            issues = snapshot.repo.settings.files_with_issues
            described["securityRepoStatus"] = {
                "scansDone": bool(issues),
                "filesWithIssues": [file.model_dump() for file in issues],
            }
        return JSON(described)

    def tree(self, request: Request) -> Response:
        snapshot = self._snapshot(request)
        folder = request.path_params.get("path", "").strip("/")
        if folder and folder not in snapshot.tree.folders:
            raise EntryNotFound(folder, commit=snapshot.commit)
        paths = _below(snapshot.tree, folder, recursive=_is_asked(request, "recursive"))
        expand = _is_asked(request, "expand")
        return page(
            request,
            paths,
            EXPANDED_TREE_PAGE if expand else TREE_PAGE,
            lambda path: _entry(snapshot, path, expand=expand),
        )

    async def paths_info(self, request: Request) -> Response:
        try:
            form = parse_qs((await request.body()).decode())
        except UnicodeDecodeError as undecodable:
            raise BadRequest("the body must be a form of paths in UTF-8") from undecodable
        expand = form.get("expand", ["false"])[0].lower() == "true"

        def described() -> Response:
            snapshot = self._snapshot(request)
            known = snapshot.tree.blobs.keys() | snapshot.tree.folders.keys()
            paths = [path.strip("/") for path in form.get("paths", [])]
            return JSON([_entry(snapshot, path, expand=expand) for path in paths if path in known])

        return await run_in_threadpool(described)

    def refs(self, request: Request) -> Response:
        repo = requested_repo(request, self.repositories)
        described: dict[RefKind, list[JSONObject]] = {kind: [] for kind in RefKind}
        for ref in repo.refs():
            commit = self.repositories.snapshot_of(repo, ref).commit
            described[ref.kind].append({"name": ref.name, "ref": ref.path, "targetCommit": commit})
        return JSON(
            {
                "branches": described[RefKind.BRANCH],
                "tags": described[RefKind.TAG],
                "converts": [],
                "pullRequests": [],
            }
        )

    def commits(self, request: Request) -> Response:
        """One commit: a folder has no history."""
        snapshot = self._snapshot(request)
        authors = [{"user": snapshot.repo.namespace}]
        commit = {**_commit(snapshot), "message": "", "authors": authors}
        return page(request, [commit], COMMITS_PAGE, dict)

    def auth_check(self, request: Request) -> Response:
        downloadable_repo(request, self.repositories)
        return JSON({})

    def whoami(self, request: Request) -> Response:
        user = whoami(request, self.repositories)
        return JSON(
            {
                "type": "user",
                "name": user.name,
                "fullname": user.fullname or user.name,
                "orgs": [{"type": "org", "name": name} for name in sorted(user.orgs)],
                "auth": {
                    "type": "access_token",
                    "accessToken": {"displayName": "localhub", "role": "read"},
                },
            }
        )

    def not_a_repo(self, request: Request) -> Response:
        """Ids without a namespace, and spaces: there are none here."""
        raise RepoNotFound(identify(request, self.repositories))

    def _snapshot(self, request: Request) -> Snapshot:
        repo = requested_repo(request, self.repositories)
        return self.repositories.snapshot(repo, request.path_params.get("revision", MAIN))


def _is_asked(request: Request, flag: str) -> bool:
    return request.query_params.get(flag, "").lower() in {"true", "1"}


def _below(tree: Tree, folder: str, *, recursive: bool) -> list[str]:
    prefix = f"{folder}/" if folder else ""
    return [
        path
        for path in sorted([*tree.folders, *tree.blobs])
        if path.startswith(prefix) and (recursive or "/" not in path.removeprefix(prefix))
    ]


def _commit(snapshot: Snapshot) -> JSONObject:
    return {
        "id": snapshot.commit,
        "title": f"Content of {snapshot.ref.name}",
        "date": timestamp(snapshot.last_modified),
    }


def _entry(snapshot: Snapshot, path: str, *, expand: bool) -> JSONObject:
    history: JSONObject = {"lastCommit": _commit(snapshot)} if expand else {}
    if oid := snapshot.tree.folders.get(path):
        return {"type": "directory", "path": path, "oid": oid, "size": 0, **history}
    blob = snapshot.tree.blobs[path]
    described: JSONObject = {"type": "file", "path": path, "oid": blob.oid, "size": blob.size}
    if blob.lfs:
        described["lfs"] = {
            "oid": blob.lfs.sha256,
            "size": blob.size,
            "pointerSize": blob.lfs.pointer_size,
        }
    scan = {"securityFileStatus": _UNSCANNED} if expand else {}
    return {**described, **history, **scan}
