"""What an evidence file holds, and where."""

from typing import Annotated

from pydantic import AwareDatetime, Field

from lienthong.shared.contracts import Contract
from lienthong.shared.contracts.evidence import Event, PackageReference
from lienthong.shared.identifiers import AgencyCode, DocumentId, EvidenceId, NodeId

CONTENTS = "contents.json"
"""The member that says what the others are: :class:`Contents` as JSON."""
REPORT = "report.json"
"""The validation report of the node that made the file; informative, since the package is judged anew."""
TRUST_LIST = "trust/trust-list.jws"
"""The sealed trust list: issuing authorities, revocation lists, authorities outside."""
CERTIFICATES = "trust/certificates.pem"
"""Every certificate that a check needs but the root: issuing authorities, nodes, witnesses. PEM, one after another."""
CRLS = "trust/crls.pem"
"""The revocation lists of the trust list, likewise."""
OCSP_FOLDER = "trust/ocsp/"
"""OCSP answers (DER), named by the certificate's serial number."""
SEAL_MANIFEST = "META-INF/ASiCManifest001.xml"
"""Names every member with its digest; what the node's seal covers. Source: EN 319 162-1 clause 4.4.4."""
SEAL = "META-INF/signature001.p7s"
"""CAdES, detached, over :data:`SEAL_MANIFEST`."""
TIME_MANIFEST = "META-INF/ASiCManifest002.xml"
"""Names :data:`SEAL_MANIFEST` and :data:`SEAL`; what the time stamp covers."""
TIME_STAMP = "META-INF/timestamp002.tst"
"""RFC 3161 token over :data:`TIME_MANIFEST`."""
MAX_EVIDENCE = 2_000
"""Pieces of evidence in one file."""
MAX_CERTIFICATES = 5_000
"""Certificates in :data:`CERTIFICATES`."""
MAX_SEALS_OF_NODE = 16
"""Certificates of one node among them, each of which a signature is tried with: seals are renewed every other year."""
MAX_MEMBERS = 8 * 1024
"""Members of one file."""
MAX_SMALL_BYTES = 32 * 1024 * 1024
"""Bytes of any member but the package."""
MAX_ALL_SMALL_BYTES = 128 * 1024 * 1024
"""Bytes of all members but the package: they are held in memory."""


class ProvenEvidence(Contract):
    """One piece of evidence and the members that prove it; None: its node could not be asked, or has not got it yet."""

    id: EvidenceId
    node: NodeId
    event: Event
    time: AwareDatetime
    member: str
    """The compact JWS, ASCII."""
    proof: str | None = None
    """Its place in the node's log: :class:`~lienthong.shared.contracts.log.InclusionAnswer` as JSON."""
    checkpoint: str | None = None
    """The signed note of the checkpoint, with the witnesses' signatures."""
    time_stamp: str | None = None
    """RFC 3161 token over the SHA-256 of the checkpoint's body."""
    missing: str = ""
    """Why something is None or not witnessed, as the maker of the file says."""


class Contents(Contract):
    """What the file is about and which member is what."""

    document: DocumentId
    sender: AgencyCode
    sender_document_id: str
    package: PackageReference
    package_member: str
    made_by: NodeId
    made_at: AwareDatetime
    evidence: Annotated[tuple[ProvenEvidence, ...], Field(max_length=MAX_EVIDENCE)]
