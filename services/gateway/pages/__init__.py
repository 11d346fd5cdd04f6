"""HTML for people. `PAGES` are the routes; docs/pages.md tells how to add one."""

from services.gateway.pages import board, request, stream

PAGES = (
    board.show_home,
    board.show_board,
    request.show_request,
    stream.stream_changes,
)
