"""Starts every service as processes of its own, over PostgreSQL and RabbitMQ, and keeps them until Ctrl-C.

The servers are private instances run from this machine's binaries, with their data below ``var/services``. Data, keys
and secrets survive a restart. ``python -m deploy.run_services --help`` lists what can be set.
"""

import argparse
import asyncio
import signal
import threading
from pathlib import Path

from deploy.fleet import Fleet, programs_of
from deploy.local_site import FIRST_PORT, local_site, ports_from
from deploy.processes import ServerFailed
from deploy.servers import PrivatePostgres, PrivateRabbitMQ
from lienthong.embedded.network import four_levels
from lienthong.embedded.provision import provision, write_environment_files
from lienthong.embedded.site import Site


def main() -> None:
    """Starts, waits, stops."""
    options = _options()
    stop = threading.Event()
    for asked in (signal.SIGINT, signal.SIGTERM):
        signal.signal(asked, lambda *_: stop.set())
    state: Path = options.state_dir
    try:
        with PrivatePostgres(state / "postgres") as postgres, PrivateRabbitMQ(state / "rabbitmq") as rabbitmq:
            site = local_site(
                four_levels(),
                state,
                database=postgres.ensure_database,
                amqp_url=rabbitmq.url(),
                ports=ports_from(options.first_port),
            )
            secrets = asyncio.run(provision(site))
            write_environment_files(site, secrets, state / "settings")
            with Fleet(programs_of(state / "settings"), state / "logs"):
                print(_greeting(site), flush=True)
                stop.wait()
                print("Stopping ...", flush=True)
    except ServerFailed as failure:
        raise SystemExit(f"A process did not start.\n{failure}") from failure


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--state-dir", type=Path, default=Path("var/services"), help="data, keys, settings and logs")
    parser.add_argument("--first-port", type=int, default=FIRST_PORT, help="ten loopback ports from here on are used")
    return parser.parse_args()


def _greeting(site: Site) -> str:
    lines = [f"registry   {site.registry.url}", f"signing    {site.signing.url}"]
    lines += [f"{node:<10} {place.url}   (worker's health: {place.worker_port})" for node, place in site.nodes.items()]
    lines += ["", f"logs:      {site.state_dir}/logs/<process>/server.log", "profiles:"]
    lines += [f"  --profile {site.profile_path(agency.code)}" for agency in site.network.agencies]
    lines += ["", "Ready. Ctrl-C stops everything; data stay."]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
