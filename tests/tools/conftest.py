"""The operator's commands are tested where the others are: in an empty directory."""

from tests.cli.conftest import here

__all__ = ["here"]
