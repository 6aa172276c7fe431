"""The disclosure ledger: a verifiable record of every handover of user data."""

from importlib.metadata import version

__version__ = version("disclosure-ledger")
