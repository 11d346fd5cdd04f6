"""HTML for people. `PAGES` are the routes; docs/pages.md tells how to add one."""

from services.gateway.pages import about, board, insights, queue, reference, request, stream

PAGES = (
    board.show_home,
    board.show_board,
    insights.show_insights,
    insights.get_insight,
    queue.show_queue,
    request.show_request,
    about.show_about,
    reference.show_api,
    reference.show_events,
    reference.get_asyncapi,
    stream.stream_changes,
)
