"""What holds for every page in `addresses.py`."""

import pytest

from tests.browser import accessibility_faults, assert_still
from tests.pages.addresses import ADDRESSES, Address
from tests.pages.conftest import Visit

WIDTHS = (1440, 390)
OPEN_SOME = (
    "[...document.querySelectorAll('main details')].slice(0, 2).forEach(one => one.open = true)"
)
# A table that the browser paints while its rows come in is measured anew with each of them.
MOST = 0.01
IS_LIVE = """() => !document.querySelector('[hx-trigger^="live:"], [data-reload-when]')
  || document.querySelector("#connection[data-state=live]")"""
every_page = pytest.mark.parametrize("address", ADDRESSES, ids=lambda address: address.name)


@every_page
async def test_it_is_accessible_and_fits_the_screen(visit: Visit, address: Address) -> None:
    found: dict[str, list[str]] = {}
    async with visit(address.path) as page:
        await page.evaluate(OPEN_SOME)
        for width in WIDTHS:
            await page.set_viewport_size({"width": width, "height": 900})
            found[f"{width}"] = await accessibility_faults(page)
            assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), width
            await page.emulate_media(color_scheme="dark")
            found[f"{width} dark"] = await accessibility_faults(page, "color-contrast")
            await page.emulate_media(color_scheme="light")

    assert found == {name: [] for name in found}


@every_page
async def test_it_is_complete_without_javascript(visit: Visit, address: Address) -> None:
    async with visit(address.path, scripts=False) as plain, visit(address.path) as page:
        for name in ("h1", "h2"):
            told = await plain.locator(f"main {name}").all_text_contents()
            assert told == await page.locator(f"main {name}").all_text_contents()
        assert await plain.locator("h1").count() == 1


@every_page
@pytest.mark.parametrize("width", WIDTHS)
async def test_nothing_moves_while_it_loads(visit: Visit, address: Address, width: int) -> None:
    async with visit(address.path, width=width) as page:
        await page.locator(address.drawn).wait_for(state="attached")
        await page.wait_for_function(IS_LIVE)

        await assert_still(page, MOST)
