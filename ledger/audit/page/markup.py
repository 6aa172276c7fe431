"""HTML elements made of text and other elements; whatever is text is escaped, whoever wrote it."""

from collections.abc import Iterable
from html import escape


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


Content = str | Iterable[str]


def element(name: str, *content: Content, **attributes: str | int) -> Markup:
    """Return an element; ``class_`` is the attribute class, and an underscore in a name stands for a hyphen."""
    opening = [name]
    for key, value in attributes.items():
        opening.append(f'{key.rstrip("_").replace("_", "-")}="{escape(str(value))}"')
    return Markup(f"<{' '.join(opening)}>{''.join(_texts(content))}</{name}>")


def _texts(content: Iterable[Content]) -> Iterable[str]:
    for item in content:
        if isinstance(item, Markup):
            yield item
        elif isinstance(item, str):
            yield escape(_shown(item))
        else:
            yield from _texts(item)


def _shown(text: str) -> str:
    """Return ``text`` without what no HTML document may hold."""
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)


def table(caption: str, head: Iterable[str], rows: Iterable[Iterable[str]], class_: str = "") -> Markup:
    """Return a table whose first cell of each row heads it; a reader that is no eye hears both heads with a cell."""
    top = element("tr", [element("th", cell, scope="col") for cell in head])
    body = []
    for row in rows:
        first, *rest = row
        body.append(element("tr", element("th", first, scope="row"), [_cell(cell) for cell in rest]))
    inner = (element("caption", element("span", caption)), element("thead", top), element("tbody", body))
    made = element("table", *inner, class_=class_) if class_ else element("table", *inner)
    return element("div", made, class_="scroll", role="region", aria_label=caption, tabindex=0)


def _cell(cell: str) -> Markup:
    return cell if isinstance(cell, Markup) and cell.startswith("<td") else element("td", cell)
