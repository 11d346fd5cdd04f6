"""Search, open a model, pin, compare and submit with the keyboard alone, in few presses."""

import re

from playwright.async_api import Page, expect

from tests.pages.conftest import Visit
from tests.pages.world import BOARD, entries

PAGE = f"/boards/{BOARD.name}"
FOCUSED = """() => {
  const one = document.activeElement;
  const box = one.getBoundingClientRect();
  const shown = getComputedStyle(one.closest("label, .segmented") ?? one);
  const seen = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
  return {
    name: (one.ariaLabel || one.innerText || one.id).trim(),
    isOutlined: shown.outlineStyle !== "none" || getComputedStyle(one).outlineStyle !== "none",
    isUncovered: Boolean(seen) && (one.contains(seen) || seen.contains(one)),
  };
}"""


async def press(page: Page, *keys: str) -> None:
    for key in keys:
        await page.keyboard.press(key)


async def tab_to(page: Page, name: str, most: int) -> None:
    """Press Tab until what is called so has the focus; whatever has it on the way shows that."""
    passed = []
    for _ in range(most):
        await page.keyboard.press("Tab")
        focused = await page.evaluate(FOCUSED)
        assert focused["isOutlined"], focused
        assert focused["isUncovered"], focused
        if focused["name"].startswith(name):
            return
        passed.append(focused["name"])
    raise AssertionError(f"{name!r} is not among {passed}")


async def test_a_model_is_found_and_opened(visit: Visit) -> None:
    async with visit(PAGE) as page:
        wanted = await page.locator("#ranked .model-name").nth(3).inner_text()
        await press(page, "/")
        await page.keyboard.type(wanted)
        await expect(page.locator("#ranked .model-name").first).to_have_text(wanted)
        await press(page, "ArrowDown", "Enter")
        await expect(page.locator("h1")).to_have_text(wanted.replace("\\n", ""))


async def test_rows_are_pinned_and_compared(visit: Visit) -> None:
    async with visit(PAGE) as page:
        await press(page, "/", "ArrowDown", "Tab", "Tab")
        await expect(page.locator("#ranked .pin").first).to_be_focused()
        await press(page, "Enter")
        await expect(page.locator("#pinned tr")).to_have_count(1)
        await expect(page.locator("#ranked .pin").first).to_be_focused()
        await press(page, "ArrowDown")
        await expect(page.locator("#ranked .pin").nth(1)).to_be_focused()
        await press(page, "Enter")
        await expect(page.locator("#pinned tr")).to_have_count(2)
        await press(page, "ArrowUp", "ArrowUp")
        await expect(page.locator("#pinned .pin").last).to_be_focused()
        await press(page, "c")
        await expect(page).to_have_url(re.compile("/compare"))
        await expect(page.locator(".chosen-list li")).to_have_count(2)


async def test_headings_and_pinned_rows_cover_nothing_that_has_the_focus(visit: Visit) -> None:
    pinned = ",".join(entry.sid for entry in entries()[:3])
    async with visit(f"{PAGE}?pins={pinned}") as page:
        await page.locator("#rows").evaluate("one => one.scrollTop = 1200")
        await page.locator("#ranked .model-name").nth(30).focus()
        for _ in range(12):
            await press(page, "ArrowUp")
            assert (await page.evaluate(FOCUSED))["isUncovered"]
        await press(page, "Shift+Tab")
        assert (await page.evaluate(FOCUSED))["isUncovered"]


async def test_arrows_lead_back_to_the_search(visit: Visit) -> None:
    async with visit(PAGE) as page:
        await press(page, "/", "ArrowDown", "ArrowDown", "ArrowUp", "ArrowUp")
        await expect(page.locator("#search")).to_be_focused()
        await page.keyboard.type("c/a")
        await expect(page.locator("#search")).to_have_value("c/a")


async def test_the_content_is_one_press_away(visit: Visit) -> None:
    async with visit(PAGE) as page:
        await press(page, "Tab")
        await expect(page.locator(".skip")).to_be_focused()
        await expect(page.locator(".skip")).to_be_in_viewport()
        await press(page, "Enter", "Tab")
        await expect(page.locator("#search")).to_be_focused()


async def test_menus_close_on_escape_and_give_the_focus_back(visit: Visit) -> None:
    async with visit(PAGE) as page:
        for name in ("filters", "columns", "scores", "download"):
            panel = page.locator(f"#{name}")
            await panel.locator("summary").focus()
            await press(page, "Enter", "Tab")
            await expect(panel).to_have_attribute("open", "")
            await press(page, "Escape")
            await expect(panel).not_to_have_attribute("open", "")
            await expect(panel.locator("summary")).to_be_focused()
    async with visit(PAGE, width=390) as page:
        await page.get_by_role("button", name="Menu").focus()
        await press(page, "Enter")
        await expect(page.locator("#menu")).to_be_visible()
        await press(page, "Escape")
        await expect(page.locator("#menu")).to_be_hidden()
        await expect(page.get_by_role("button", name="Menu")).to_be_focused()


async def test_tab_passes_the_header_the_tools_and_the_table_in_order(visit: Visit) -> None:
    async with visit(PAGE) as page:
        await tab_to(page, "Submit", 12)
        await tab_to(page, "How to search", 8)
        await tab_to(page, "Filters", 2)
        await tab_to(page, "Download", 4)
        await tab_to(page, BOARD.tasks[0].title, 20)
        await tab_to(page, "Pin ", 16)


async def test_one_leaves_every_field_of_the_form_to_submit(visit: Visit) -> None:
    async with visit("/submit") as page:
        await tab_to(page, "model", 16)
        await page.keyboard.type("acme/nowhere")
        await tab_to(page, "revision", 1)
        for field in ("precision", "model_type", "chat_template", "weight_type"):
            await press(page, "Tab")
            await expect(page.locator(f"#{field}")).to_be_focused()
        await tab_to(page, "Check first", 1)
        await tab_to(page, "Submit", 1)
        await press(page, "Shift+Tab", "Enter")
        await expect(page.locator("#verdict")).to_be_visible()
        await expect(page.locator("#check")).to_be_focused()
