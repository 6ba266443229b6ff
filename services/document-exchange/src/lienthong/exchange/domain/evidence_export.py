"""What goes into an evidence file; pure. Names of members: :mod:`lienthong.shared.evidence_file.contents`."""

import json
from base64 import b64decode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from lienthong.exchange.domain.documents import DocumentRecord
from lienthong.exchange.domain.evidence import SealedEvidence
from lienthong.exchange.domain.visibility import Delivery
from lienthong.exchange.errors import EvidenceTooMuch
from lienthong.shared.contracts.log import CheckpointAnswer, InclusionAnswer
from lienthong.shared.contracts.trust import TrustList
from lienthong.shared.edxml.media_types import ASICE
from lienthong.shared.errors import Verification
from lienthong.shared.evidence_file.contents import (
    CERTIFICATES,
    CONTENTS,
    CRLS,
    MAX_EVIDENCE,
    OCSP_FOLDER,
    REPORT,
    TRUST_LIST,
    Contents,
    ProvenEvidence,
)
from lienthong.shared.identifiers import NodeId
from lienthong.shared.merkle import leaf_hash, verify_inclusion
from lienthong.shared.signatures.certificates import certificate_from_pem
from lienthong.shared.signatures.checkpoints import read_note, with_cosignatures


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a piece stands in its node's log, as that node says. The checkpoint's signatures are **unverified**."""

    inclusion: InclusionAnswer
    checkpoint: CheckpointAnswer

    @property
    def gap(self) -> str:
        """What the log lacks yet; empty: nothing."""
        if not self.checkpoint.time_stamps:
            return "The log that it is in is not time-stamped yet."
        return "" if self.checkpoint.cosignatures else "No other node has witnessed the log that it is in yet."

    @property
    def certificates(self) -> tuple[str, ...]:
        """Everything that came with the checkpoint, PEM."""
        return (
            *self.checkpoint.certificates,
            *(pem for one in self.checkpoint.cosignatures for pem in one.certificates),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One piece of evidence. ``place`` None: ``gap`` says why."""

    sealed: SealedEvidence
    place: Place | None
    gap: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """Everything that a file is made of, besides the package. ``ocsp``: checked answers (DER) by serial number."""

    document: DocumentRecord
    pieces: Sequence[Piece]
    trust_jws: str
    trust: TrustList
    seal: Sequence[x509.Certificate]
    ocsp: Mapping[int, bytes]
    made_by: NodeId
    made_at: datetime

    @property
    def is_complete(self) -> bool:
        """Whether every piece is in a log that is time-stamped and witnessed."""
        return all(piece.place is not None and not piece.place.gap for piece in self.pieces)


def relevant(evidence: Iterable[SealedEvidence], deliveries: Iterable[Delivery]) -> tuple[SealedEvidence, ...]:
    """The pieces that speak of ``deliveries``, in the order of time.

    Raises:
        EvidenceTooMuch: They are more than one file holds.
    """
    wanted = {delivery.id for delivery in deliveries}
    found = [piece for piece in evidence if any(one.delivery in wanted for one in piece.claims.recipients)]
    if len(found) > MAX_EVIDENCE:
        raise EvidenceTooMuch(
            f"There are {len(found)} pieces of evidence; one file holds {MAX_EVIDENCE}. Name a recipient.",
            facts={"pieces": len(found), "limit": MAX_EVIDENCE},
        )
    return tuple(sorted(found, key=lambda piece: (piece.claims.time, piece.claims.id)))


def sound_place(sealed: SealedEvidence, inclusion: InclusionAnswer, checkpoint: CheckpointAnswer) -> Place | None:
    """The place that a node states for ``sealed``; None unless it can be read and leads to the root that it states.

    What cannot be read would spoil the whole file, and not only this piece.
    """
    try:
        stated = read_note(checkpoint.note).checkpoint
        verify_inclusion(
            leaf_hash(sealed.jws.encode("ascii")),
            index=inclusion.index,
            size=stated.size,
            proof=[bytes.fromhex(one) for one in inclusion.proof],
            root=stated.root,
        )
        place = Place(inclusion=inclusion, checkpoint=checkpoint)
        for pem in place.certificates:
            certificate_from_pem(pem)
        for stamp in checkpoint.time_stamps:
            b64decode(stamp.token, validate=True)
    except (Verification, ValueError):
        return None
    return place


def contents_of(collected: Collected) -> Contents:
    """The table of contents."""
    document = collected.document
    extension = "asice" if document.package.media_type == ASICE else "edxml"
    return Contents(
        document=document.id,
        sender=document.sender,
        sender_document_id=document.sender_document_id,
        package=document.package,
        package_member=f"package.{extension}",
        made_by=collected.made_by,
        made_at=collected.made_at,
        evidence=tuple(_proven(piece) for piece in collected.pieces),
    )


def members_of(collected: Collected, contents: Contents) -> dict[str, bytes]:
    """Every member but the package, seal and time stamp."""
    members = {
        CONTENTS: contents.model_dump_json(indent=2).encode(),
        REPORT: json.dumps(collected.document.report, ensure_ascii=False, indent=2).encode(),
        TRUST_LIST: collected.trust_jws.encode("ascii"),
        CERTIFICATES: _certificates(collected).encode("ascii"),
        CRLS: b"".join(map(_crl, _lists(collected.trust))),
    }
    for serial, answer in collected.ocsp.items():
        members[f"{OCSP_FOLDER}{serial:x}.der"] = answer
    for piece, named in zip(collected.pieces, contents.evidence, strict=True):
        members[named.member] = piece.sealed.jws.encode("ascii")
        members.update(_log_members(piece.place, named) if piece.place is not None else {})
    return members


def _proven(piece: Piece) -> ProvenEvidence:
    claims, place = piece.sealed.claims, piece.place
    log = f"log/{claims.issuer}-{place.checkpoint.size}" if place else ""
    return ProvenEvidence(
        id=claims.id,
        node=claims.issuer,
        event=claims.event,
        time=claims.time,
        member=f"evidence/{claims.id}.jws",
        proof=f"log/{claims.id}.json" if place else None,
        checkpoint=f"{log}.note" if place else None,
        time_stamp=f"{log}.tst" if place and place.checkpoint.time_stamps else None,
        missing=place.gap if place else piece.gap,
    )


def _log_members(place: Place, named: ProvenEvidence) -> dict[str, bytes]:
    note = with_cosignatures(place.checkpoint.note, [one.line for one in place.checkpoint.cosignatures])
    found = {named.proof: place.inclusion.model_dump_json().encode(), named.checkpoint: note.encode()}
    if named.time_stamp is not None:
        found[named.time_stamp] = b64decode(place.checkpoint.time_stamps[0].token)
    return {name: data for name, data in found.items() if name is not None}


def _certificates(collected: Collected) -> str:
    """Each once. Those of the trust list and of this node first: others read PEM one after another, too."""
    own = [one.public_bytes(Encoding.PEM).decode() for one in collected.seal]
    logs = [pem for piece in collected.pieces if piece.place for pem in piece.place.certificates]
    known = dict.fromkeys(f"{pem.strip()}\n" for pem in (*collected.trust.intermediates, *own, *logs))
    return "".join(known)


def _lists(trust: TrustList) -> tuple[str, ...]:
    return (*trust.crls, *(crl for authority in trust.authorities for crl in authority.crls))


def _crl(der: str) -> bytes:
    return x509.load_der_x509_crl(b64decode(der)).public_bytes(Encoding.PEM)
