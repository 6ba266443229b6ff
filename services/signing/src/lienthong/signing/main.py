"""Where the service is entered: the application factory and the ``lienthong-signing`` command."""

from lienthong.signing.app import create_app
from lienthong.signing.command import cli

__all__ = ["cli", "create_app"]
