"""Logs as static files: C2SP tlog-tiles written, served, followed."""
