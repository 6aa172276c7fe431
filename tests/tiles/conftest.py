"""A log that is served, and stands beside files of others."""

from collections.abc import Iterator

import pytest

from tests.tiles.logs import LOG
from tests.tiles.serving import served

SIZE = 700
FILES = LOG.files(SIZE)


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Serve a log that stands beside files of others, and yield the port."""
    top = tmp_path_factory.mktemp("site")
    (top / "secret").write_text("secret")
    folder = LOG.write(top / "log", 100, SIZE)
    (folder / "checkpoint.seen").write_text("secret")
    (folder / "tile/0/000.new").write_text("secret")
    (folder / "tile/0/x000").mkdir()
    (folder / "tile/0/x000/000").write_text("secret")
    with served(folder) as port:
        yield port
