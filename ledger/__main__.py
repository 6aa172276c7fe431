"""``python -m ledger``: the ``ledger`` command."""

from ledger.cli.main import app

app(prog_name="ledger")
