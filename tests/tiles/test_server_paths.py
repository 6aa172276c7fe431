"""What a log has no file for is refused, and nothing around its folder is served."""

import pytest

from tests.tiles.serving import ask

MISSING = {
    "a tile past the tree": "/tile/0/003",
    "a width that was never published": "/tile/0/002.p/5",
    "a level above the tree": "/tile/2/000",
    "a level no tree has": "/tile/63/000",
    "the root": "/",
    "another file of the folder": "/checkpoint.seen",
    "a checkpoint in a folder": "/checkpoint/",
    "a step up": "/../secret",
    "a step up, hidden": "/%2e%2e/secret",
    "a whole path": "//etc/passwd",
    "tiles as such": "/tile",
}

MALFORMED = {
    "all tiles": "/tile/",
    "a step up": "/tile/0/../../../secret",
    "a step up, hidden": "/tile/0/%2e%2e/%2e%2e/%2e%2e/secret",
    "a slash, hidden": "/tile/0/..%2f..%2f..%2fsecret",
    "a tile below a tile": "/tile/0/000/000",
    "another spelling": "/tile/0/%30%30%30",
    "a zero byte": "/tile/0/000%00",
    "a line feed": "/tile/0/000%0a",
    "a file that is being written": "/tile/0/000.new",
    "a group of zeros that is there": "/tile/0/x000/000",
    "a full width": "/tile/0/000.p/256",
    "a level past the last": "/tile/64/000",
    "another's data": "/tile/data/000",
    "digits of another script": "/tile/0/%D9%A0%D9%A0%D9%A0",
    "no UTF-8": "/tile/0/%ff",
    "a long path": "/tile/0/" + "x001/" * 1000 + "000",
}


@pytest.mark.parametrize("path", MISSING.values(), ids=MISSING)
def test_what_is_not_there_is_404(path: str, site: int) -> None:
    """What could be there and is not, and what no log has, is not found, and nobody keeps that answer."""
    status, headers, body = ask(site, path)
    assert status == 404
    assert b"secret" not in body
    if path.startswith("/tile/"):
        assert headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", MALFORMED.values(), ids=MALFORMED)
def test_malformed_paths_are_400(path: str, site: int) -> None:
    """A path below tile/ that no tile has is refused in words that name the part and repeat nothing."""
    status, headers, body = ask(site, path)
    assert (status, headers["cache-control"]) == (400, "no-store")
    assert body.startswith(b"tile ")
    assert b"secret" not in body


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
@pytest.mark.parametrize("path", ["/checkpoint", "/tile/0/000"])
def test_nothing_is_taken(method: str, path: str, site: int) -> None:
    """Only reading is allowed."""
    assert ask(site, path, method)[0] == 405
