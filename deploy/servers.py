"""Private PostgreSQL and RabbitMQ instances, run from the machine's own binaries on free loopback ports.

Tests, benchmarks and ``run_services.py`` use them alike. Everything an instance writes is below its directory;
stopping ends every process it started. Starting again uses the same ports, secrets and data.
"""

import hashlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
from pathlib import Path

from deploy.processes import LOOPBACK, PrivateServer, ServerFailed, free_port, kept_secret

QUEUES_KEPT_AFTER_S = 1
"""A quorum queue declared this long ago outlives ``kill -9`` of its broker."""
_KEEP_QUEUES = (
    f"timer:apply_interval({QUEUES_KEPT_AFTER_S * 500},erlang,apply,[fun()->[dets:sync(T)||T<-dets:all()]end,[]])"
)
"""Erlang that RabbitMQ runs at start. By itself it writes the names of new quorum queues to disk only every 3 minutes;
killed before, it finds the queue but not its log, and never elects a leader for it (rabbitmq-server issue 15725)."""


class PrivatePostgres(PrivateServer):
    """A PostgreSQL instance of our own.

    Args:
        directory: Created if missing. When we are root it is given to an unprivileged user, whom PostgreSQL
            demands; every directory above must let that user pass.
        fsync: Whether commits wait for the disk. Off only where nothing is killed and nothing measured.
    """

    USER = "lienthong"

    def __init__(self, directory: Path, *, fsync: bool = True) -> None:
        super().__init__(directory)
        self._fsync = fsync
        self._user = _unprivileged_user() if os.geteuid() == 0 else None
        self.password = ""

    def url(self, database: str = "postgres") -> str:
        """The address of one database, with its password."""
        return f"postgresql://{self.USER}:{self.password}@{LOOPBACK}:{self.port}/{database}"

    def start(self) -> None:
        """Starts the server, after making its cluster the first time (0.5 s)."""
        self.directory.mkdir(parents=True, exist_ok=True)
        self.password = kept_secret(self.directory / "password")
        if self._user is not None:
            shutil.chown(self.directory, self._user)
            shutil.chown(self.directory / "password", self._user)
        data = self.directory / "data"
        if not (data / "PG_VERSION").exists():
            self._make_cluster(data)
        settings = {
            "listen_addresses": LOOPBACK,
            "port": str(self.port),
            "unix_socket_directories": "",
            "max_connections": "300",
            "fsync": "on" if self._fsync else "off",
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        self.run_server([_postgres("postgres"), "-D", str(data), *options], user=self._user)

    def create_database(self, name: str) -> str:
        """Makes an empty database and gives its URL."""
        return create_database(self.url(), name)

    def ensure_database(self, name: str) -> str:
        """Gives the URL of a database, making it the first time."""
        listed = [_postgres("psql"), "-qXAt", self.url(), "-c", "select datname from pg_database"]
        held = subprocess.run(listed, check=True, capture_output=True, text=True).stdout.split()
        return self.url(name) if name in held else self.create_database(name)

    def _make_cluster(self, data: Path) -> None:
        subprocess.run(
            [_postgres("initdb"), "-D", str(data), "-U", self.USER, "-A", "scram-sha-256", "-E", "UTF8"]
            + ["--locale", "C.UTF-8", f"--pwfile={self.directory / 'password'}"]
            + ([] if self._fsync else ["--no-sync"]),
            check=True,
            capture_output=True,
            cwd=self.directory,
            user=self._user,
            extra_groups=None if self._user is None else [],
        )

    def answers(self) -> bool:
        """Whether the server takes work now."""
        asked = [_postgres("pg_isready"), "-q", "-h", LOOPBACK, "-p", str(self.port)]
        return subprocess.run(asked, check=False).returncode == 0


class PrivateRabbitMQ(PrivateServer):
    """A RabbitMQ node of our own, with its own port mapper, cookie and user.

    Args:
        directory: Created if missing.
        definitions: A JSON file of users, vhosts and permissions to load at start.
        management: Whether to offer the management API, at :attr:`management_url`.
    """

    USER = "lienthong"

    def __init__(self, directory: Path, *, definitions: Path | None = None, management: bool = False) -> None:
        super().__init__(directory)
        self._definitions = definitions
        self._management_port = free_port() if management else None
        self._ports = {"dist": free_port(), "epmd": free_port()}
        self._mapper: subprocess.Popen[bytes] | None = None
        self.password = ""

    def url(self) -> str:
        """The AMQP address, with its password."""
        return f"amqp://{self.USER}:{self.password}@{LOOPBACK}:{self.port}/"

    @property
    def management_url(self) -> str:
        """The management API's address, with the password of a user who may see everything."""
        return f"http://{self.USER}:{self.password}@{LOOPBACK}:{self._management_port}"

    def start(self) -> None:
        """Starts the node (4 to 5 s)."""
        (self.directory / "home").mkdir(parents=True, exist_ok=True)
        self.password = kept_secret(self.directory / "password")
        self._write_configuration()
        if self._mapper is None:
            mapper = ["epmd", "-address", LOOPBACK, "-port", str(self._ports["epmd"])]
            self._mapper = subprocess.Popen(mapper, cwd=self.directory, start_new_session=True)
        self.run_server([_rabbitmq("rabbitmq-server")], env=self._environment())

    def stop(self) -> None:
        """Ends the node in order, and its port mapper."""
        self.end(signal.SIGTERM)
        self._end_mapper()

    def kill(self) -> None:
        """Ends the node as ``kill -9`` does, and its port mapper."""
        super().kill()
        self._end_mapper()

    def forget(self) -> None:
        """Kills the node and throws its disk away: when it starts again, no queue and no message is left."""
        self.kill()
        shutil.rmtree(self.directory / "data", ignore_errors=True)

    def _end_mapper(self) -> None:
        if self._mapper is not None:
            self._mapper.kill()
            self._mapper.wait()
            self._mapper = None

    def _write_configuration(self) -> None:
        lines = [f"default_user = {self.USER}", f"default_pass = {self.password}", "log.console = true"]
        lines += ["log.console.level = warning", "log.file = false", "disk_free_limit.absolute = 50MB"]
        if self._definitions is not None:
            lines.append(f"load_definitions = {self._definitions}")
        (self.directory / "rabbitmq.conf").write_text("\n".join(lines) + "\n")
        if self._management_port is not None:
            lines += [f"management.tcp.port = {self._management_port}", f"management.tcp.ip = {LOOPBACK}"]
            (self.directory / "rabbitmq.conf").write_text("\n".join(lines) + "\n")
        plugins = "" if self._management_port is None else "rabbitmq_management"
        (self.directory / "enabled_plugins").write_text(f"[{plugins}].\n")

    def _environment(self) -> dict[str, str]:
        here = self.directory
        name = hashlib.sha256(str(here.resolve()).encode()).hexdigest()[:8]
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(here / "home"),
            "LANG": "C.UTF-8",
            "ERL_EPMD_PORT": str(self._ports["epmd"]),
            "ERL_EPMD_ADDRESS": LOOPBACK,
            "ERL_CRASH_DUMP": str(here / "erl_crash.dump"),
            "RABBITMQ_NODENAME": f"lienthong-{name}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": LOOPBACK,
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(self._ports["dist"]),
            "RABBITMQ_MNESIA_BASE": str(here / "data"),
            "RABBITMQ_LOG_BASE": str(here),
            "RABBITMQ_CONF_ENV_FILE": os.devnull,
            "RABBITMQ_CONFIG_FILE": str(here / "rabbitmq.conf"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(here / "enabled_plugins"),
            "RABBITMQ_PID_FILE": str(here / "pid"),
            # One scheduler per core spinning for work would take the cores from what is being tested.
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": f"+sbwt none +sbwtdcpu none +sbwtdio none -eval {_KEEP_QUEUES}",
        }

    def answers(self) -> bool:
        """Whether the server takes work now."""
        try:
            with socket.create_connection((LOOPBACK, self.port), timeout=5) as connection:
                connection.sendall(b"AMQP\x00\x00\x09\x01")
                return connection.recv(1) == b"\x01"  # a method frame: connection.start
        except OSError:
            return False


def create_database(server_url: str, name: str) -> str:
    """Makes an empty database on any server and gives its URL. ``name``: lower-case letters, digits, underscores."""
    statement = f"create database {name} template template0"
    subprocess.run([_postgres("psql"), "-q", "-X", server_url, "-c", statement], check=True)
    return f"{server_url.rsplit('/', 1)[0]}/{name}"


def _unprivileged_user() -> str:
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    raise ServerFailed("PostgreSQL does not run as root, and this machine has no user postgres or nobody")


def _postgres(program: str) -> str:
    """A program of the newest PostgreSQL installed; Debian keeps them off the PATH."""
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    return str(versions[-1] / program) if versions else program


def _rabbitmq(program: str) -> str:
    """A program of RabbitMQ itself: Debian's wrapper on the PATH insists on the system's user."""
    own = Path("/usr/lib/rabbitmq/bin") / program
    return str(own) if own.exists() else program
