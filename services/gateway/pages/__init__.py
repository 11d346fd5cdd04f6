"""HTML for people. `PAGES` are the routes; docs/pages.md tells how to add one."""

from services.gateway.pages import (
    about,
    board,
    compare,
    insights,
    model,
    queue,
    reference,
    request,
    samples,
    stream,
    submit,
)

PAGES = (
    board.show_home,
    board.show_board,
    insights.show_insights,
    insights.get_insight,
    queue.show_queue,
    submit.show_submit,
    submit.submit_from_page,
    request.show_request,
    model.show_model,
    samples.show_samples,
    compare.show_comparison,
    about.show_about,
    reference.show_api,
    reference.show_events,
    reference.get_asyncapi,
    stream.stream_changes,
)
