"""``python -m ledgerctl``: the ``ledgerctl`` command."""

from ledgerctl.main import app

app(prog_name="ledgerctl")
