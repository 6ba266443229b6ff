"""``lienthong admin topology``: what each broker of the tree must have, and whether a live one has it."""

import json
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer
import yaml  # type: ignore[import-untyped]
from pydantic import TypeAdapter, ValidationError

from lienthong.sdk.console import GuardedGroup
from lienthong.shared.bus.topology import Topology, definitions, differences
from lienthong.shared.errors import InvalidInput, Unavailable
from lienthong.shared.identifiers import NodeId

HELP = """Make and check the brokers' users, rights, queues and policies from one file.

Examples: [bold]lienthong admin topology render topology.yaml centre --passwords passwords.json > centre.json[/bold] ·
[bold]lienthong admin topology check topology.yaml centre --url http://admin:…@centre:15672[/bold]
"""
RENDER_HELP = """Print the definitions of one broker: RabbitMQ loads them (load_definitions) at every start.

[bold]--passwords[/bold] is a JSON file with the password of each node that uses the broker; hashes of them are printed.
"""
CHECK_HELP = """Compare a live broker with the file, over its management API; the exit status is 1 if they differ."""
TIMEOUT_S = 30.0

FileArgument = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The topology, YAML")]
BrokerArgument = Annotated[str, typer.Argument(help="One of its brokers")]
_passwords = TypeAdapter(dict[NodeId, str])


class TopologyInvalid(InvalidInput):
    """The file is no topology, does not have that broker, or a password is missing."""

    code = "topology-invalid"
    title = "The topology cannot be used"


class ManagementUnavailable(Unavailable):
    """The broker's management API does not answer as it should."""

    code = "management-unavailable"
    title = "The broker's management API is away"


def build_topology_group() -> typer.Typer:
    """``render`` and ``check``."""
    app = typer.Typer(cls=GuardedGroup, no_args_is_help=True, rich_markup_mode="rich", help=HELP)
    app.command("render", help=RENDER_HELP)(render)
    app.command("check", help=CHECK_HELP)(check)
    return app


def render(
    file: FileArgument,
    broker: BrokerArgument,
    *,
    passwords: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="JSON: node to password")],
) -> None:
    """Prints definitions."""
    topology = read_topology(file, broker)
    try:
        known = _passwords.validate_json(passwords.read_bytes())
        typer.echo(json.dumps(definitions(topology, broker, known), indent=2))
    except ValidationError as error:
        raise TopologyInvalid("The passwords are a JSON object of node and password.") from error
    except LookupError as error:
        raise TopologyInvalid(f"The node {error} uses the broker {broker} and has no password.") from error


def check(
    file: FileArgument,
    broker: BrokerArgument,
    *,
    url: Annotated[str, typer.Option(help="Management API, with an administrator's name and password")],
) -> None:
    """Prints one line for each difference."""
    topology = read_topology(file, broker)
    users = (*topology.attached(broker), *topology.visitors(broker))
    wanted = definitions(topology, broker, dict.fromkeys(users, ""))
    found = list(differences(wanted, _live(url)))
    for line in found:
        typer.echo(line)
    if found:
        raise typer.Exit(1)
    typer.echo(f"{broker} has what {file.name} asks for: {len(users)} users, {len(wanted['queues'])} queues.")


def read_topology(file: Path, broker: str) -> Topology:
    """The topology in ``file``. Raises :class:`TopologyInvalid`, also if it lacks ``broker``."""
    try:
        topology = Topology.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise TopologyInvalid(f"{file.name} is no YAML file.") from error
    except ValidationError as error:
        raise TopologyInvalid(f"{file.name}: {error.errors()[0]['msg']}") from error
    if broker not in topology.brokers:
        raise TopologyInvalid(f"{file.name} has no broker {broker}.")
    return topology


def _live(url: str) -> dict[str, Any]:
    try:
        answer = httpx.get(f"{url.rstrip('/')}/api/definitions", timeout=TIMEOUT_S)
        answer.raise_for_status()
        found = answer.json()
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise ManagementUnavailable("The broker's management API does not give its definitions.") from error
    return found if isinstance(found, dict) else {}
