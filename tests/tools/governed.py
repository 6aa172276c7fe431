"""A ledger that three approvers govern, two of them for each statement, set up by commands alone."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.cli.commands import Site, site

APPROVERS = ("ann", "bob", "cem")


@contextmanager
def governed() -> Iterator[Site]:
    """Give a site whose ledger serves; the approvers' keys are ``ann.key``, ``bob.key`` and ``cem.key``."""
    with site() as here:
        words: list[str] = []
        for name in APPROVERS:
            here.call("ledger", "keygen", "approver", "-o", f"{name}.key")
            words += ["--approver", f"{name}.key.pub"]
        here.open(*words, inside=True)
        here.serve()
        yield here


def approved(*names: str) -> list[str]:
    """Return the options that approve with the keys of ``names``, by default of the first two."""
    return [word for name in names or APPROVERS[:2] for word in ("--approve", f"{name}.key")]


def request(here: Site, kind: str, name: str) -> str:
    """Make a key ``name``.key and a request for it, ``name``.request, and return the request's name."""
    option = "--id" if kind == "source" else "--name"
    here.call("ledger", "keygen", kind, "-o", f"{name}.key")
    where = ("--log-id", here.log_id, "-o", f"{name}.request")
    here.call("ledger", "request", kind, "-k", f"{name}.key", option, name, *where)
    return f"{name}.request"
