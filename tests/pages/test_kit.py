"""That the tests of pages can fail."""

import pytest
from playwright.async_api import Browser

from tests.browser import accessibility_faults, assert_still, watched_page
from tests.pages.conftest import Visit
from tests.pages.world import World


@pytest.mark.parametrize(
    "fault",
    [
        "console.error('something is wrong')",
        "setTimeout(() => { throw new Error('thrown') })",
        "await fetch('/nowhere')",
        "document.body.append(Object.assign(document.createElement('script'), {text: 'run()'}))",
        "document.body.setAttribute('style', 'color: red')",
    ],
    ids=["console", "exception", "not found", "inline script", "inline style"],
)
async def test_a_fault_in_the_browser_fails_the_test(
    browser: Browser, world: World, fault: str
) -> None:
    async def meet_it() -> None:
        async with watched_page(browser) as page:
            await page.goto(f"{world.url}/docs/api")
            await page.evaluate(f"async () => {{ {fault} }}")
            await page.evaluate("fetch('/livez')")  # by then the fault has been reported

    with pytest.raises(AssertionError):
        await meet_it()


async def test_a_status_that_is_expected_is_no_fault(browser: Browser, world: World) -> None:
    async with watched_page(browser, expected=(404,)) as page:
        await page.goto(f"{world.url}/nowhere")


async def test_axe_finds_what_cannot_be_read_or_named(visit: Visit) -> None:
    async with visit("/docs/api") as page:
        await page.evaluate(
            """() => {
              document.querySelector("h1").replaceChildren(document.createElement("button"));
              document.querySelector(".lead").style.color = "#ccc";
            }"""
        )
        faults = await accessibility_faults(page)

    assert any(fault.startswith("button-name") for fault in faults)
    assert any(fault.startswith("color-contrast") for fault in faults)


async def test_what_moves_by_itself_is_named(visit: Visit) -> None:
    async with visit("/docs/api") as page:
        await page.evaluate(
            """() => {
              const above = Object.assign(document.createElement("p"), { textContent: "late" });
              above.style.height = "300px";
              document.querySelector("main").prepend(above);
            }"""
        )
        with pytest.raises(AssertionError):
            await assert_still(page, 0.02)
