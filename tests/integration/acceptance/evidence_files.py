"""A document's way from the commune to the centre over the whole network, and its evidence file."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import httpx

from lienthong.sdk.composing import compose_package
from lienthong.sdk.letter_signing import LetterSigning, sign_letter
from tests.integration.acceptance.letters import header_for, key_of, letter_file
from tests.integration.acceptance.whole_network import WholeNetwork
from tests.support.evidence_files import members_of

COMMUNE, CENTRE = "H28.31.05", "G22"
FILE, ROOT = "evidence.asice", "root.pem"
PATIENCE_S: Final = 60
"""In which every log must be time-stamped and witnessed."""


async def travelled(network: WholeNetwork, *, folder: Path) -> str:
    """The id of a document that went over four nodes and was taken in by its recipient."""
    content = await asyncio.to_thread(_letter, network, folder)
    document = str((await network.submit(COMMUNE, content)).raise_for_status().json()["id"])
    await network.arrived(CENTRE, document)
    claims = (await network.call(CENTRE, "POST", "/v1/inbox/claims", json={"limit": 100})).json()["claims"]
    claim = next(one for one in claims if one["document"]["id"] == document)
    done = {"lease_token": claim["lease_token"], "result": "done"}
    path = f"/v1/deliveries/{claim['delivery_id']}/acknowledgement"
    (await network.call(CENTRE, "POST", path, json=done)).raise_for_status()
    return document


def _letter(network: WholeNetwork, folder: Path) -> bytes:
    """A signed package with a PDF that the agency signed."""
    signed, out, at, key = folder / "signed.pdf", folder / "package.edxml", datetime.now(UTC), key_of(network, COMMUNE)
    signing = LetterSigning(agency_key=key, agency_name="Hang Kia", document_code="1/BC-UBND")
    sign_letter(letter_file(folder), signed, signing, at=at)
    compose_package(header_for(network, COMMUNE, [CENTRE]), [signed], out, key=key, at=at)
    return out.read_bytes()


async def evidence_answer(network: WholeNetwork, agency: str, document: str, **query: str) -> httpx.Response:
    """What the agency's node answers when it is asked for the evidence file."""
    return await network.call(agency, "GET", f"/v1/documents/{document}/evidence", params=query)


async def complete_evidence(network: WholeNetwork, agency: str, document: str) -> bytes:
    """The evidence file, once everything is in it that a journey over four nodes and back leaves: five pieces."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            answer = (await evidence_answer(network, agency, document)).raise_for_status()
            (folder := network.site.state_dir / "asked").mkdir(exist_ok=True)
            (path := folder / f"{document}.asice").write_bytes(answer.content)
            pieces = [name for name in members_of(path) if name.startswith("evidence/")]
            if answer.headers["evidence-complete"] == "true" and len(pieces) == 5:
                return answer.content
            await asyncio.sleep(0.5)
