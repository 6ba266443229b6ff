"""A provisioned network of separate processes over private PostgreSQL and RabbitMQ, for tests and benchmarks."""

import asyncio
from pathlib import Path
from typing import Self

from deploy.fleet import Fleet, programs_of
from deploy.local_site import free_ports, local_site
from deploy.servers import PrivatePostgres, PrivateRabbitMQ
from lienthong.embedded.network import Network as Plan
from lienthong.embedded.network import four_levels
from lienthong.embedded.provision import provision, write_environment_files
from lienthong.embedded.site import Site
from lienthong.sdk.client import LienthongClient
from lienthong.sdk.profile import load_profile
from lienthong.shared.identifiers import AgencyCode


class Network:
    """Everything that a system test talks to; use it as a context manager.

    Args:
        directory: Gets all files. Its parents must be passable for an unprivileged user.
        plan: The network; four levels in one line when not given.
    """

    def __init__(self, directory: Path, *, plan: Plan | None = None) -> None:
        open_the_way(directory)
        self.postgres = PrivatePostgres(directory / "postgres")
        self.rabbitmq = PrivateRabbitMQ(directory / "rabbitmq")
        self._plan = plan or four_levels()
        self._state = directory / "state"
        self.fleet = Fleet([], directory / "logs")

    def __enter__(self) -> Self:
        try:
            self.postgres.start()
            self.rabbitmq.start()
            self._provision()
            self.fleet = Fleet(programs_of(self._state / "settings"), self._state.parent / "logs")
            self.fleet.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.fleet.stop()
        self.rabbitmq.stop()
        self.postgres.stop()

    def _provision(self) -> None:
        self.site = self.placed(
            local_site(
                self._plan,
                self._state,
                database=self.postgres.create_database,
                amqp_url=self.rabbitmq.url(),
                ports=free_ports(),
            )
        )
        secrets = asyncio.run(provision(self.site))
        write_environment_files(self.site, secrets, self._state / "settings")

    def placed(self, site: Site) -> Site:
        """The site, as a network with other servers has it."""
        return site

    def client(self, agency: str) -> LienthongClient:
        """The client of an agency's e-office system, on the agency's node."""
        return load_profile(str(self.site.profile_path(AgencyCode(agency)))).client()


def open_the_way(directory: Path) -> None:
    """Makes ``directory``, and lets the database's unprivileged user reach its folder below it."""
    directory.mkdir(parents=True, exist_ok=True)
    for folder in (directory, *directory.parents):
        if folder.stat().st_mode & 0o001 == 0:
            folder.chmod(folder.stat().st_mode | 0o011)
