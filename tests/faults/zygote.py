"""Starts service processes in milliseconds: it has imported all of them, and forks one for each command.

An import of a service takes 3 s of CPU, and a run kills hundreds of processes. What runs after the fork is what the
console scripts run: the same entry points, with arguments and environment of their own. It reads commands from
standard input and answers each with one line on standard output, both JSON.
"""

import contextlib
import ctypes
import gc
import importlib
import json
import os
import random
import signal
import sys
from typing import Any

from tests.faults import guards

ENTRY_POINTS = {
    "registry": "lienthong.registry.main",
    "signing": "lienthong.signing.main",
    "exchange": "lienthong.exchange.main",
}
"""Modules with the command line that each console script runs."""
PR_SET_PDEATHSIG = 1
"""Nobody outlives this process. Source: prctl(2)."""


def _run(command: dict[str, Any]) -> None:
    """In the child: becomes the service. Does not return."""
    code = 1
    try:
        os.setsid()
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        _redirect(command["log"])
        os.chdir(command["cwd"])
        os.environ.clear()
        os.environ.update(command["env"])
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        random.seed()
        if ctypes.CDLL(None).faults_attach(command["control"].encode()) != 0:
            raise RuntimeError("the control file cannot be mapped")
        guards.remove(command["without"])
        sys.argv = command["argv"]
        importlib.import_module(ENTRY_POINTS[command["service"]]).cli()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except BaseException:  # noqa: BLE001 — the log is all that anybody will see of it
        sys.excepthook(*sys.exc_info())
    finally:
        with contextlib.suppress(Exception):
            sys.stderr.flush()
        os._exit(code)


def _redirect(log: str) -> None:
    descriptor = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)


def main() -> None:
    """Serves until standard input ends."""
    for module in ENTRY_POINTS.values():
        importlib.import_module(module)
    gc.collect()
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel buries the children
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _say({"ready": os.getpid()})
    for line in sys.stdin:
        command = json.loads(line)
        pid = os.fork()
        if pid == 0:
            _run(command)
        _say({"pid": pid})


def _say(answer: object) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
