"""Evidence files that an attacker made, who may hold the seal of one node; each test is named after what he tries."""

from base64 import b64encode
from datetime import timedelta, timezone
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from lienthong.shared.contracts.evidence import EVIDENCE_TYPE, Event
from lienthong.shared.contracts.log import InclusionAnswer
from lienthong.shared.evidence_file.checking import check_evidence_file
from lienthong.shared.evidence_file.contents import CERTIFICATES, CONTENTS, MAX_SEALS_OF_NODE, TRUST_LIST, Contents
from lienthong.shared.evidence_file.verdict import EvidenceVerdict
from lienthong.shared.identifiers import AgencyCode
from lienthong.shared.merkle import MAX_PROOF_HASHES, leaf_hash
from lienthong.shared.signatures.report import Indication
from tests.support.evidence_files import CENTRE, PROVINCE, Journey
from tests.support.pki import NOW, PKI, name, new_key

LATER = NOW + timedelta(days=4000)


def judge(journey: Journey, folder: Path) -> EvidenceVerdict:
    return check_evidence_file(journey.write(folder), roots=journey.pki.roots_pem, now=LATER)


def faults(verdict: EvidenceVerdict) -> str:
    return "; ".join(
        f"{one.what}: {one.detail}" for one in verdict.checks if one.indication is not Indication.TOTAL_PASSED
    )


@pytest.mark.parametrize("change", [{"agency": AgencyCode("H29")}, {"addressed_to": "H29"}])
def test_arrival_at_an_agency_that_the_origin_did_not_send_to(tmp_path: Path, change: dict[str, str]) -> None:
    journey = Journey()
    journey.delivery = journey.delivery.model_copy(update=change)
    journey.state(Event.CONTENT_HANDOVER, CENTRE)

    assert "did not accept" in faults(judge(journey, tmp_path))


def test_relay_that_has_the_last_word_on_what_arrived(tmp_path: Path) -> None:
    journey = Journey()
    journey.state(Event.RELAY_FAILURE, PROVINCE, at=NOW + timedelta(seconds=30))

    (proof,) = judge(journey, tmp_path).recipients

    assert (proof.event, proof.by) == (Event.CONTENT_HANDOVER, CENTRE)


def test_piece_that_stands_twice(tmp_path: Path) -> None:
    journey = Journey()
    journey.edit = lambda contents: contents.model_copy(update={"evidence": (*contents.evidence, contents.evidence[0])})

    assert "stands twice" in faults(judge(journey, tmp_path))


def test_contents_made_at_no_moment(tmp_path: Path) -> None:
    journey = Journey()
    _, contents = journey.members()
    naive = contents.model_copy(update={"made_at": contents.made_at.replace(tzinfo=None)})
    journey.more[CONTENTS] = naive.model_dump_json().encode()

    assert "does not read" in faults(judge(journey, tmp_path))


def test_evidence_that_states_no_moment(tmp_path: Path) -> None:
    journey = Journey()
    claims, _ = journey.pieces.pop()
    naive = claims.model_dump_json().replace(f"{claims.time:%H:%M:%S}Z", f"{claims.time:%H:%M:%S}")
    jws = journey.nodes[CENTRE].seal_key().seal(EVIDENCE_TYPE, naive.encode())
    journey.logs[CENTRE][-1] = leaf_hash(jws.encode())
    journey.pieces.append((claims, jws))

    assert "is no evidence" in faults(judge(journey, tmp_path))


def test_time_shown_as_if_it_were_another(tmp_path: Path) -> None:
    journey, vietnam = Journey(), timezone(timedelta(hours=7))

    def edit(contents: Contents) -> Contents:
        local = [one.model_copy(update={"time": one.time.astimezone(vietnam)}) for one in contents.evidence]
        return contents.model_copy(update={"evidence": tuple(local)})

    journey.edit = edit

    assert "SubmissionAcceptance of 2026-03-02 15:00:00+07:00" in [one.what for one in judge(journey, tmp_path).checks]


def test_certificate_that_nobody_can_read(tmp_path: Path) -> None:
    journey, key, x400_address = Journey(), new_key(), bytes([0x30, 4, 0xA3, 2, 0x30, 0])
    odd = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.17"), x400_address)
    builder = x509.CertificateBuilder().subject_name(name("Odd")).issuer_name(name("Odd")).serial_number(5)
    builder = builder.public_key(key.public_key()).not_valid_before(NOW).not_valid_after(NOW)
    certificate = builder.add_extension(odd, critical=False).sign(key, SHA256())
    journey.more[CERTIFICATES] = certificate.public_bytes(Encoding.PEM)

    assert "cannot be read" in faults(judge(journey, tmp_path))


def test_many_certificates_to_be_tried_for_one_node(tmp_path: Path) -> None:
    journey, stranger = Journey(), PKI.new()
    forged = [stranger.node(CENTRE).certificate for _ in range(MAX_SEALS_OF_NODE + 1)]
    journey.more[CERTIFICATES] = b"".join(one.public_bytes(Encoding.PEM) for one in forged)

    assert "certificates: The certificates cannot be read" in faults(judge(journey, tmp_path))


def test_proof_longer_than_any_tree_is_high() -> None:
    proof = ["0" * 64] * (MAX_PROOF_HASHES + 1)

    with pytest.raises(ValueError, match="too_long"):
        InclusionAnswer.model_validate({"evidence": "e", "index": 0, "size": 1, "leaf_hash": "0" * 64, "proof": proof})


def test_time_of_an_authority_of_whose_revocation_nobody_knows(tmp_path: Path) -> None:
    journey = Journey()
    old = [one.crl(at=NOW - timedelta(days=30)) for one in (journey.pki.root, journey.pki.issuing)]
    stale = tuple(b64encode(one.public_bytes(Encoding.DER)).decode() for one in old)
    journey.more[TRUST_LIST] = journey.pki.sealed_trust_list(crls=stale).encode()

    verdict = judge(journey, tmp_path)

    assert verdict.checks[-1].indication is Indication.INDETERMINATE
    assert "time stamp: No fresh revocation list" in faults(verdict)
