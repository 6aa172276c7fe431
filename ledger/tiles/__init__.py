"""Logs as static files: C2SP tlog-tiles written, served, followed."""

from typing import Final

CONNECTIONS: Final = 500
"""Open at a time where tiles are served; more are answered with 503."""
