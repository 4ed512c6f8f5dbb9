"""Pictures of pages, for people to look at; nothing compares them."""

from pathlib import Path

from playwright.sync_api import Page

WIDTHS = (320, 768, 1440)


def save_screenshots(page: Page, folder: Path, name: str) -> list[Path]:
    """Save the whole page at each width, which it has again afterwards as it was."""
    before = page.viewport_size
    assert before
    files = [_save(page, width, folder / f"{name}-{width}.png") for width in WIDTHS]
    page.set_viewport_size(before)
    return files


def _save(page: Page, width: int, file: Path) -> Path:
    page.set_viewport_size({"width": width, "height": 800})
    page.screenshot(path=file, full_page=True)
    return file
