"""Tells the demo's story to the running compose network: to the centre, to all levels, answers back, verified offline.

Runs in the tools container: ``python -m deploy.docker.smoke``. The exit status says whether all of it went well.
"""

import asyncio
import tempfile
import time
from pathlib import Path

from deploy.docker.compose_site import STATE, compose_site
from lienthong.embedded.secret_box import SecretBox
from lienthong.embedded.story import Told, cast, tell, verified

RUNS = 1_000_000
"""Document numbers repeat after this many seconds."""


async def main() -> None:
    """One line per document."""
    secrets = SecretBox(STATE / "secrets.json")
    site = compose_site(secrets)
    told: list[Told] = []
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        async with cast(site, secrets) as actors:
            started = time.monotonic()
            async for one in tell(actors, run=int(time.time()) % RUNS, out=out):
                told.append(one)
                _show(one, taken_s=time.monotonic() - started)
                started = time.monotonic()
        proofs = await verified(site, told, out=out)
    failed = [proof for proof in proofs if not proof.verdict.passed]
    for proof in failed:
        print(f"does not verify: {proof.what} of {proof.document}")
    print(
        f"{len(told)} documents arrived and were answered; {len(proofs)} files verified offline, {len(failed)} failed"
    )
    if failed or not proofs:
        raise SystemExit(1)


def _show(one: Told, *, taken_s: float) -> None:
    answers = ", ".join(f"{delivery.code} answered {delivery.business_status}" for delivery in one.document.deliveries)
    print(f"{one.plan.sender} -> {', '.join(one.plan.recipients)}: {one.name}; {answers} ({taken_s:.1f} s)", flush=True)


if __name__ == "__main__":
    asyncio.run(main())
