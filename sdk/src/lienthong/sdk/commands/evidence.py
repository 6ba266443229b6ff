"""``lienthong evidence``."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from lienthong.sdk.arguments import JSONOption, ProfileOption
from lienthong.sdk.console import print_json, progress_bar
from lienthong.sdk.profile import Profile, load_profile

HELP = """Download the evidence file of a document: package, evidence of every node, proofs, time stamps, certificates.

[bold]lienthong verify FILE --trust root.pem[/bold] judges it offline.

Example: [bold]lienthong evidence 0199c3… --out evidence.asice --profile H28.31.05[/bold]
"""


def evidence(
    document_id: Annotated[str, typer.Argument(help="The document's id on the platform.")],
    *,
    out: Annotated[Path, typer.Option(help="File to write.", dir_okay=False)],
    profile: ProfileOption = None,
    as_json: JSONOption = False,
) -> None:
    """Downloads an evidence file."""
    sha256 = asyncio.run(_download(load_profile(profile), document_id, out=out, quiet=as_json))
    if as_json:
        print_json({"file": str(out), "sha256": sha256})
        return
    typer.echo(f"Written to {out}. Verify it with: lienthong verify {out} --trust root.pem")


async def _download(profile: Profile, document_id: str, *, out: Path, quiet: bool) -> str:
    async with profile.client() as client:
        with progress_bar(f"evidence of {document_id}", hidden=quiet) as progress:
            return await client.download_evidence(document_id, out, progress=progress)
