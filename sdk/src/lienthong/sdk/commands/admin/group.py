"""The group ``lienthong admin`` with its commands."""

import typer

from lienthong.sdk.commands.admin import (
    acts,
    alarms,
    audit,
    dead_letters,
    destinations,
    draining,
    redeliveries,
    reorganisations,
)
from lienthong.sdk.commands.admin.topology import build_topology_group
from lienthong.sdk.console import GuardedGroup

HELP = """Look after a node: destinations, dead letters, draining, alarms.

The profile's client needs the scope [bold]admin[/bold].

[bold]--node[/bold] names another node than the profile's; its address comes from the registry.

Examples: [bold]lienthong admin destinations --profile operator --node H28[/bold] ·
[bold]lienthong admin alarms --profile operator --node H28 --json[/bold]
"""


def build_group() -> typer.Typer:
    """Every command for operators."""
    app = typer.Typer(cls=GuardedGroup, no_args_is_help=True, rich_markup_mode="rich")
    app.command("alarms", help=alarms.HELP)(alarms.alarms)
    app.command("destinations", help=destinations.HELP)(destinations.destinations)
    app.command("pause", help=destinations.PAUSE_HELP)(destinations.steering("pause"))
    app.command("resume", help=destinations.RESUME_HELP)(destinations.steering("resume"))
    app.command("retry", help=destinations.RETRY_HELP)(destinations.steering("retry"))
    app.add_typer(dead_letters.build_group(), name="dead-letters", help=dead_letters.HELP)
    app.command("state", help=draining.HELP)(draining.state)
    app.command("drain", help=draining.DRAIN_HELP)(draining.drain)
    app.command("undrain", help=draining.UNDRAIN_HELP)(draining.undrain)
    app.command("redeliver", help=redeliveries.HELP)(redeliveries.redeliver)
    app.command("acts", help=acts.HELP)(acts.acts)
    app.command("audit", help=audit.HELP)(audit.audit)
    app.add_typer(reorganisations.app, name="reorganisations", help=reorganisations.HELP)
    app.add_typer(build_topology_group(), name="topology")
    return app
