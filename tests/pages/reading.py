"""Where words are seen, which does not always follow from a page's text."""

from playwright.sync_api import Locator

_LEFT = """(line, words) => words.map(word => {
    const texts = document.createTreeWalker(line, NodeFilter.SHOW_TEXT);
    for (let text = texts.nextNode(); text; text = texts.nextNode()) {
        const at = text.data.indexOf(word);
        if (at < 0) continue;
        const range = new Range();
        range.setStart(text, at);
        range.setEnd(text, at + word.length);
        return range.getBoundingClientRect().left;
    }
    throw Error(`no ${word} in ${line.textContent}`);
})"""


def assert_in_line(*texts: Locator) -> None:
    """Raise AssertionError unless all texts begin equally far from the left."""
    left = [text.evaluate("it => it.getBoundingClientRect().left") for text in texts]
    assert len(set(left)) == 1, left


def assert_seen_in_order(line: Locator, *words: str) -> None:
    """Raise AssertionError unless these words of a line follow each other from left to right."""
    left: list[float] = line.evaluate(_LEFT, list(words))
    assert left == sorted(left), dict(zip(words, left, strict=True))
