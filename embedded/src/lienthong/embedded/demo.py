"""Tells the story and shows it: one table per document, then what the offline verification says."""

import asyncio
import shlex
import shutil
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
from rich.console import Console
from rich.table import Table
from rich.text import Text

from lienthong.embedded.actors import Actor
from lienthong.embedded.evidence import ask_openssl, fetch_evidence
from lienthong.embedded.network import four_levels
from lienthong.embedded.secret_box import SecretBox
from lienthong.embedded.serve import RunningNetwork, embedded_network
from lienthong.embedded.site import LOOPBACK, embedded_site
from lienthong.embedded.story import Proof, Told, cast, tell, verified
from lienthong.sdk.commands.verify import STYLES, show_evidence
from lienthong.sdk.console import table
from lienthong.sdk.tables import delivery_table, timeline_table
from lienthong.shared.errors import Verification

EVIDENCE = "evidence.asice"
ROOT = "root.pem"
JOURNEY = ("H28.31.05", ("G22",))
"""Sender and recipients of the document whose evidence is shown: commune to centre, over all four nodes."""


class DemoFailed(Verification):
    """Something that was sent does not verify."""

    code = "demo-failed"
    title = "The demo did not end well"


async def demo(*, state_dir: Path, port: int, console: Console) -> Path:
    """Tells the story against the network on ``port``, or one that it starts itself; gives the folder of its files.

    Raises:
        DemoFailed: Something that arrived, or a receipt, does not verify.
        LienthongError, ProblemError: A step failed.
    """
    async with _network(state_dir, port, console) as network:
        out, run = _next_folder(network.site.state_dir)
        told = []
        async with cast(network.site, network.secrets) as actors:
            async for one in tell(actors, run=run, out=out):
                told.append(one)
                _show(console, one)
            proofs = await verified(network.site, told, out=out)
            console.print(_proof_table(proofs))
            _require_passed(proofs)
            await _prove(console, actors, told, out=out)
        _show_next(console, network, out, told)
    return out


async def _prove(console: Console, actors: Mapping[str, Actor], told: Sequence[Told], *, out: Path) -> None:
    """Fetches the evidence file of the longest journey and has it judged by us and by ``openssl``."""
    longest = next(one for one in told if (one.plan.sender, one.plan.recipients) == JOURNEY)
    evidence, root = out / EVIDENCE, out / ROOT
    console.print()
    console.print(f"Evidence of {longest.name}, from commune to centre: waiting for time stamps and witnesses …")
    client = actors[longest.plan.sender].client
    verdict = await fetch_evidence(client, longest.submission.id, out=evidence, root=root)
    show_evidence(console, verdict, utc=False)
    answers = await asyncio.to_thread(ask_openssl, evidence, root, folder=out / "evidence")
    if answers is None:
        console.print("openssl is not installed here, so only our own command judged the evidence file.")
    for command, accepted in answers or ():
        style = "green" if accepted else "red"
        console.print(Text(f"{command}: {'accepted' if accepted else 'REFUSED'}", style=style))
    if not verdict.passed or not all(accepted for _, accepted in answers or ()):
        raise DemoFailed(f"The evidence file does not verify: {evidence}.")


@asynccontextmanager
async def _network(state_dir: Path, port: int, console: Console) -> AsyncIterator[RunningNetwork]:
    if await _serves(port) and (state_dir / "secrets.json").exists():
        site = embedded_site(four_levels(), state_dir=state_dir, port=port)
        url = f"http://{LOOPBACK}:{port}"
        console.print(f"Using the network that runs on {url}.")
        yield RunningNetwork(site=site, secrets=SecretBox(state_dir / "secrets.json"), url=url)
        return
    console.print("Starting registry, signing and four nodes in this process …")
    async with embedded_network(four_levels(), state_dir=state_dir) as network:
        console.print(f"Ready on {network.url}.")
        yield network


async def _serves(port: int) -> bool:
    """Whether an embedded network answers on the port."""
    try:
        async with httpx.AsyncClient() as http:
            answer = await http.get(f"http://{LOOPBACK}:{port}/health/ready")
    except httpx.TransportError:
        return False
    return answer.status_code == httpx.codes.OK and "/registry" in answer.text


def _next_folder(state_dir: Path) -> tuple[Path, int]:
    """A folder of its own for each telling, and the telling's number."""
    demos = state_dir / "demo"
    demos.mkdir(parents=True, exist_ok=True)
    run = 1 + max((int(entry.name) for entry in demos.iterdir() if entry.name.isdigit()), default=0)
    out = demos / str(run)
    out.mkdir()
    return out, run


def _show(console: Console, told: Told) -> None:
    plan, letter = told.plan, told.plan.letter
    console.print()
    title = f"{plan.sender} → {', '.join(plan.recipients)}: {letter.subject} ({letter.number}/{letter.notation})"
    console.print(timeline_table(told.timeline, told.document.deliveries, title=title, utc=False))
    console.print(delivery_table(told.document.deliveries, utc=False))


def _proof_table(proofs: Sequence[Proof]) -> Table:
    made = table("Document", "What", "Signed by", "Verdict", title="Verified offline: files, root.pem, trust-list.jws")
    for proof in proofs:
        judged = proof.verdict.judged
        shown = Text("\n").join(Text(one.indication.value, style=STYLES[one.indication]) for one in judged)
        made.add_row(proof.document, proof.what, "\n".join(one.signer_name for one in judged), shown)
    return made


def _require_passed(proofs: Sequence[Proof]) -> None:
    failed = [str(proof.verdict.file) for proof in proofs if not proof.verdict.passed]
    if failed:
        raise DemoFailed(f"These do not verify: {', '.join(failed)}.")


def _show_next(console: Console, network: RunningNetwork, out: Path, told: list[Told]) -> None:
    trust = f"--trust {_typed(out / 'root.pem')} --trust-list {_typed(out / 'trust-list.jws')}"
    profile = f"--profile {_typed(network.site.profile_path(network.site.network.agencies[-1].code))}"
    letter = _typed(told[0].sent / "van-ban.pdf")
    lines = [
        "",
        f"All {len(told)} documents arrived, were answered and verify; so does the evidence file.",
        f"What was sent and received is in {_typed(out)}",
        "",
        "Try next:",
        *_path_for_commands(),
        f"  lienthong verify {_typed(out / EVIDENCE)} --trust {_typed(out / ROOT)}",
        f"  lienthong verify {_typed(told[0].taken[0].package)} {trust}",
        "  lienthong run                      (serves the same network until Ctrl-C; then, in another terminal:)",
        f"  lienthong track {told[0].submission.id} {profile}",
        f"  lienthong agencies 'hang kia' {profile}",
        f"  lienthong send {letter} --to G22 --subject Thử --number 1 --notation CV {profile}",
    ]
    console.print("\n".join(lines), highlight=False, soft_wrap=True)


def _path_for_commands() -> list[str]:
    """The line that makes ``lienthong`` a command of this shell, where it is none yet."""
    if shutil.which("lienthong") is not None:
        return []
    return [f'  export PATH={shlex.quote(str(Path(sys.executable).parent))}:"$PATH"']


def _typed(path: Path) -> str:
    """A path as one would type it in the working folder."""
    here = Path.cwd()
    return shlex.quote(str(path.relative_to(here) if path.is_relative_to(here) else path))
