"""Plain web pages: which repositories there are, and the files of one."""

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from localhub.access import identify, is_visible, requested_repo
from localhub.repos import MAIN, RepoKind, Repositories

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>
body {{ font: 1rem/1.6 system-ui, sans-serif; max-width: 50rem; margin: 2rem auto }}
</style>
<h1>{title}</h1>
{body}
</html>
"""


@dataclass(frozen=True)
class Pages:
    repositories: Repositories

    def index(self, request: Request) -> Response:
        user = identify(request, self.repositories)
        sections = []
        for kind in RepoKind:
            repos = [
                repo
                for repo in self.repositories.of_kind(kind)
                if is_visible(repo, user) and not repo.settings.disabled
            ]
            links = _links((repo.page, repo.id, "") for repo in repos)
            sections.append(f"<h2>{kind.capitalize()}</h2>\n{links}")
        return _page("localhub", "\n".join(sections))

    def repo(self, request: Request) -> Response:
        repo = requested_repo(request, self.repositories)
        snapshot = self.repositories.snapshot(repo, request.path_params.get("revision", MAIN))
        files = _links(
            (f"{repo.page}/resolve/{snapshot.commit}/{path}", path, f" {blob.size:,} bytes")
            for path, blob in snapshot.tree.blobs.items()
        )
        return _page(repo.id, f"<p>Commit <code>{snapshot.commit}</code></p>\n{files}")


def _links(targets: Iterable[tuple[str, str, str]]) -> str:
    """From addresses, their labels and what to say after each."""
    items = [
        f'<li><a href="{escape(quote(address))}">{escape(label)}</a>{escape(remark)}</li>'
        for address, label, remark in targets
    ]
    return "<ul>\n" + "\n".join(items) + "\n</ul>" if items else "<p>None.</p>"


def _page(title: str, body: str) -> Response:
    return HTMLResponse(
        _PAGE.format(title=escape(title), body=body),
        headers={"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"},
    )
