"""Certificates under policies of the operator's own."""

import asyncio
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from pydantic import ValidationError

from lienthong.shared.identifiers import NodeId
from lienthong.shared.signatures.profiles import ARC, Profile
from lienthong.shared.signatures.seals import SealKey, open_seal
from lienthong.shared.signatures.trust import TrustStore
from lienthong.shared.signatures.trust_list import open_trust_list
from lienthong.signing.domain.subjects import Subject
from tests.integration.signing.harness import Service, running, settings_for
from tests.integration.signing.test_certificates import issue

OURS = "1.3.6.1.4.1.99999.7"
TYPE = "lienthong-test+jws"


def judged(policy: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """OpenSSL, which is to accept the chain under that policy only."""
    command = ["openssl", "verify", "-policy_check", "-explicit_policy", "-policy", policy, "-CAfile", "root.pem"]
    return subprocess.run(
        [*command, "-untrusted", "issuing-1.crt", "leaf.pem"], cwd=folder, capture_output=True, text=True, check=False
    )


async def written(service: Service, folder: Path) -> x509.Certificate:
    leaf = (await issue(service)).json()["certificate"]
    (folder / "leaf.pem").write_text(leaf)
    (folder / "root.pem").write_bytes(await service.root_pem())
    (folder / "issuing-1.crt").write_bytes((await service.http.get("/certs/issuing-1.crt")).content)
    return x509.load_pem_x509_certificate(leaf.encode())


async def test_a_certificate_names_the_operators_policy_beside_the_profiles(database_url: str, tmp_path: Path) -> None:
    async with running(settings_for(tmp_path / "state", database_url, policy_arc=OURS)) as service:
        leaf = await written(service, tmp_path)

    named = leaf.extensions.get_extension_for_class(x509.CertificatePolicies).value
    assert [one.policy_identifier.dotted_string for one in named] == [f"{ARC}.1.3", f"{OURS}.3"]
    answers = [await asyncio.to_thread(judged, one, tmp_path) for one in (f"{OURS}.3", f"{ARC}.1.3", f"{OURS}.4")]
    assert [answer.returncode == 0 for answer in answers] == [True, True, False], answers


async def test_nodes_check_seals_and_the_trust_list_under_an_arc_that_they_do_not_know(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}/signing.sqlite"
    async with running(settings_for(tmp_path / "state", url, policy_arc=OURS)) as service:
        node = Subject(name="Hòa Bình", node=NodeId("H28"))
        await service.factory.issue_key(Profile.NODE_SEAL, node, out_p12=tmp_path / "h28.p12", password="mật khẩu")
        roots, jws = await service.root_pem(), (await service.http.get("/v1/trust-list")).text
    now = datetime.now(UTC)

    trust = TrustStore.from_list(open_trust_list(jws, roots=roots, now=now, held_version=None), roots=roots)
    sealed = SealKey.load(tmp_path / "h28.p12", "mật khẩu").seal(TYPE, b"{}")

    opened = open_seal(sealed, typ=TYPE, trust=trust, at=now, profile=Profile.NODE_SEAL)
    assert opened.subject.node == "H28"


@pytest.mark.parametrize("arc", ["x", "1.3.6.", "9.9", "-1"])
def test_what_is_no_arc_is_refused_at_the_start(tmp_path: Path, arc: str) -> None:
    with pytest.raises(ValidationError):
        settings_for(tmp_path, "sqlite:///x", policy_arc=arc)
