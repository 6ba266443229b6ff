"""The ``lienthong`` command: its own commands, and those of other parts found through an entry-point group."""

from importlib.metadata import entry_points

import typer

from lienthong.sdk.commands import (
    agencies,
    amend,
    events,
    evidence,
    inbox,
    recall,
    send,
    status,
    track,
    verify,
    webhooks,
)
from lienthong.sdk.commands.admin import group as admin
from lienthong.sdk.console import GuardedGroup

COMMANDS_GROUP = "lienthong.commands"
"""Entry points here are functions that become commands of the same name."""


def build_app() -> typer.Typer:
    """The application with every command that is installed."""
    app = typer.Typer(
        name="lienthong",
        cls=GuardedGroup,
        help="Send, receive, follow and verify documents on Liên Thông.",
        no_args_is_help=True,
        rich_markup_mode="rich",
        pretty_exceptions_show_locals=False,
    )
    app.command("send", help=send.HELP)(send.send)
    app.add_typer(inbox.app, name="inbox", help=inbox.HELP)
    app.command("status", help=status.HELP)(status.status)
    app.command("recall", help=recall.RECALL_HELP)(recall.recall)
    app.command("update", help=amend.UPDATE_HELP)(amend.update)
    app.command("replace", help=amend.REPLACE_HELP)(amend.replace)
    app.command("answer", help=recall.ANSWER_HELP)(recall.answer)
    app.command("track", help=track.HELP)(track.track)
    app.command("events", help=events.HELP)(events.events)
    app.add_typer(webhooks.app, name="webhooks", help=webhooks.HELP)
    app.command("evidence", help=evidence.HELP)(evidence.evidence)
    app.command("verify", help=verify.HELP)(verify.verify)
    app.command("agencies", help=agencies.HELP)(agencies.agencies)
    app.add_typer(admin.build_group(), name="admin", help=admin.HELP)
    for entry in sorted(entry_points(group=COMMANDS_GROUP), key=lambda found: found.name):
        app.command(entry.name)(entry.load())
    return app


def main() -> None:
    """Runs the command line."""
    build_app()()
