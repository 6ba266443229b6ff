"""``lienthong run`` and ``lienthong demo``: found by the command line through entry points."""

import asyncio
import logging
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lienthong.sdk.console import output

if TYPE_CHECKING:
    from lienthong.embedded.serve import RunningNetwork

DEFAULT_PORT = 8020
DEFAULT_STATE = Path("var/embedded")

PortOption = Annotated[int, typer.Option(help="Loopback port that everything is served on.", min=0, max=65535)]
StateOption = Annotated[Path, typer.Option(help="Folder for databases, packages and keys; kept between runs.")]


def run(port: PortOption = DEFAULT_PORT, state_dir: StateOption = DEFAULT_STATE) -> None:
    """Serve registry, signing and four nodes in one process, until Ctrl-C.

    Example: lienthong run --port 8020
    """
    from lienthong.shared.serving import configure_logging  # noqa: PLC0415 — other commands need no services

    configure_logging("embedded", "INFO")
    for noisy in ("alembic", "access"):  # what people want to see is where to go, and what went wrong
        logging.getLogger(noisy).setLevel(logging.WARNING)
    asyncio.run(_run(port, state_dir))


def demo(port: PortOption = DEFAULT_PORT, state_dir: StateOption = DEFAULT_STATE) -> None:
    """Tell the story: documents travel from commune to centre and back, and everything is verified.

    Uses the network that `lienthong run` serves on the port, or starts one for itself.

    Example: lienthong demo
    """
    from lienthong.embedded.demo import demo as tell_demo  # noqa: PLC0415 — other commands need no services

    _log_to_file(state_dir / "demo.log")
    asyncio.run(tell_demo(state_dir=state_dir, port=port, console=output()))


async def _run(port: int, state_dir: Path) -> None:
    from lienthong.embedded.network import four_levels  # noqa: PLC0415 — likewise
    from lienthong.embedded.serve import embedded_network  # noqa: PLC0415 — likewise

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with embedded_network(four_levels(), state_dir=state_dir, port=port) as network:
        _greet(network)
        await stop.wait()
        typer.echo("Stopping …")


def _greet(network: "RunningNetwork") -> None:
    typer.echo(f"Registry  {network.site.registry.url}/docs")
    typer.echo(f"Signing   {network.site.signing.url}/docs")
    for agency in network.site.network.agencies:
        if agency.node is not None:
            url = network.site.nodes[agency.node].url
            typer.echo(f"Node {agency.node:<10} {url}/docs  profile {network.site.profile_path(agency.code)}")
    typer.echo("Try: lienthong inbox --profile G22    (Ctrl-C stops)")


def _log_to_file(path: Path) -> None:
    """Sends warnings to a file: the demo's tables are for people."""
    from lienthong.shared.serving import configure_logging  # noqa: PLC0415 — likewise

    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    configure_logging("embedded", "WARNING")
    for handler in logging.getLogger().handlers:
        if isinstance(handler, logging.StreamHandler):
            handler.setStream(path.open("a", encoding="utf-8"))
