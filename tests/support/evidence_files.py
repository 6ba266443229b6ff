"""A four-hop journey with everything that proves it, made in memory: what an exporting node would have."""

import hashlib
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path

from asn1crypto import tsp
from cryptography.hazmat.primitives.serialization import Encoding

from lienthong.shared.contracts.evidence import EVIDENCE_TYPE, Event, Evidence, PackageReference, RecipientOutcome
from lienthong.shared.contracts.log import InclusionAnswer
from lienthong.shared.contracts.trust import TRUST_LIST_TYPE
from lienthong.shared.edxml.media_types import EDXML
from lienthong.shared.evidence_file.contents import CERTIFICATES, CONTENTS, TRUST_LIST, Contents, ProvenEvidence
from lienthong.shared.evidence_file.writing import PackageFile, seal_members, write_evidence_file
from lienthong.shared.identifiers import AgencyCode, DeliveryId, DocumentId, EvidenceId, NodeId, Sha256, new_uuid
from lienthong.shared.merkle import grown, inclusion_proof, leaf_hash, root_hash
from lienthong.shared.signatures.checkpoints import Checkpoint, cosign, origin_of, sign_checkpoint, with_cosignatures
from lienthong.shared.signatures.cms import sign_detached
from lienthong.shared.signatures.keys import LocalKey
from lienthong.shared.signatures.profiles import TIME_STAMPING_URI, TRUST_LIST_URI, Profile
from lienthong.signing.domain.time_stamps import Query, Stamp, granted
from tests.support.packages import sign, unsigned_package
from tests.support.pki import NOW, PKI, Credential

COMMUNE, DISTRICT, PROVINCE, CENTRE = map(NodeId, ("H28.31.05", "H28.31", "H28", "G22"))
WITNESS = {COMMUNE: DISTRICT, DISTRICT: PROVINCE, PROVINCE: CENTRE, CENTRE: PROVINCE}
STEP = timedelta(seconds=2)
STAMPED = timedelta(minutes=1)
MADE = timedelta(minutes=5)


def time_stamp(pki: PKI, digest: bytes, at: datetime) -> bytes:
    """A token of the network's own authority."""
    tsa = pki.issuing.issue(Profile.TIME_STAMPING, "Time Stamps", uri=TIME_STAMPING_URI)
    query = Query(algorithm="sha256", digest=digest, nonce=1, with_certificates=True)
    reply = granted(query, Stamp(serial=1, at=at, policy="1.2.3.4"), local_key(tsa))
    token: bytes = tsp.TimeStampResp.load(reply)["time_stamp_token"].dump()
    return token


def local_key(credential: Credential) -> LocalKey:
    return LocalKey(private_key=credential.key, certificate_chain=credential.chain)


@dataclass(kw_only=True)
class Journey:
    """One document from the commune to the centre. Change what is wanted, then :meth:`write` it."""

    pki: PKI = field(default_factory=PKI.new)
    at: datetime = NOW
    document: DocumentId = field(default_factory=lambda: DocumentId(new_uuid()))
    package: bytes = b""
    nodes: dict[NodeId, Credential] = field(default_factory=dict)
    logs: dict[NodeId, list[bytes]] = field(default_factory=dict)
    pieces: list[tuple[Evidence, str]] = field(default_factory=list)
    cosigners: dict[NodeId, NodeId] = field(default_factory=lambda: dict(WITNESS))
    more: dict[str, bytes] = field(default_factory=dict)
    edit: Callable[[Contents], Contents] = lambda contents: contents
    list_seal_ends: datetime | None = None

    def __post_init__(self) -> None:
        self.nodes = {node: self.pki.node(node) for node in WITNESS}
        agency = self.pki.agency("H28.31.05")
        self.package = self.package or sign(unsigned_package(sender="H28.31.05"), agency, at=self.at)
        self.delivery = RecipientOutcome(
            addressed_to="G22",
            delivery=DeliveryId(new_uuid()),
            agency=AgencyCode("G22"),
            node=CENTRE,
            outcome="accepted",
        )
        self.state(Event.SUBMISSION_ACCEPTANCE, COMMUNE)
        self.state(Event.RELAY_ACCEPTANCE, DISTRICT)
        self.state(Event.RELAY_ACCEPTANCE, PROVINCE)
        self.state(Event.CONTENT_CONSIGNMENT, CENTRE)
        self.state(Event.CONTENT_HANDOVER, CENTRE)

    @property
    def reference(self) -> PackageReference:
        digest = Sha256(hashlib.sha256(self.package).hexdigest())
        return PackageReference(sha256=digest, size=len(self.package), media_type=EDXML)

    def state(self, event: Event, node: NodeId, *, at: datetime | None = None, by: NodeId | None = None) -> None:
        """``by`` seals what claims to be ``node``'s."""
        claims = Evidence(
            id=EvidenceId(new_uuid()),
            event=event,
            issuer=node,
            time=at or self.at + STEP * len(self.pieces),
            document=self.document,
            package=self.reference,
            sender=AgencyCode("H28.31.05"),
            sender_document_id="H28.31.05,2026/03/02,12/UBND-VX",
            recipients=(self.delivery,),
        )
        jws = self.nodes[by or node].seal_key().seal(EVIDENCE_TYPE, claims)
        self.logs.setdefault(node, [leaf_hash(b"an older entry")]).append(leaf_hash(jws.encode()))
        self.pieces.append((claims, jws))

    def members(self) -> tuple[dict[str, bytes], Contents]:
        made: dict[str, bytes] = {CERTIFICATES: self._certificates(), TRUST_LIST: self._trust_list().encode()}
        proven = [self._proven(claims, jws, made) for claims, jws in self.pieces]
        contents = Contents(
            document=self.document,
            sender=AgencyCode("H28.31.05"),
            sender_document_id="H28.31.05,2026/03/02,12/UBND-VX",
            package=self.reference,
            package_member="package.edxml",
            made_by=COMMUNE,
            made_at=self.at + MADE,
            evidence=tuple(proven),
        )
        contents = self.edit(contents)
        return {CONTENTS: contents.model_dump_json().encode(), **made, **self.more}, contents

    def write(self, folder: Path, *, stamped: bool = True) -> Path:
        members, contents = self.members()
        package, out = folder / "package", folder / "evidence.asice"
        package.write_bytes(self.package)
        key = local_key(self.nodes[COMMUNE])
        sealed = seal_members(
            PackageFile(member=contents.package_member, path=package, reference=contents.package),
            members,
            seal=lambda data: sign_detached(data, key=key, at=contents.made_at),
        )
        token = time_stamp(self.pki, sealed.digest, self.at + MADE) if stamped else None
        buffer = BytesIO()
        write_evidence_file(sealed, token, buffer, at=contents.made_at)
        out.write_bytes(buffer.getvalue())
        return out

    def checkpoint(self, node: NodeId) -> Checkpoint:
        leaves = self.logs[node]
        return Checkpoint(origin=origin_of(node), size=len(leaves), root=root_hash(leaves))

    def note(self, node: NodeId) -> str:
        checkpoint, witness = self.checkpoint(node), self.cosigners.get(node)
        note = sign_checkpoint(checkpoint, self.nodes[node].seal_key())
        if witness is None:
            return note
        seal = self.nodes[witness].seal_key()
        return with_cosignatures(note, [cosign(checkpoint, seal, witness=witness, at=self.at + STAMPED)])

    def _proven(self, claims: Evidence, jws: str, made: dict[str, bytes]) -> ProvenEvidence:
        node, leaves = claims.issuer, self.logs[claims.issuer]
        names = {kind: f"{folder}/{name}" for kind, folder, name in self._names(claims)}
        index = leaves.index(leaf_hash(jws.encode())) if leaf_hash(jws.encode()) in leaves else 0
        answer = InclusionAnswer(
            evidence=claims.id,
            index=index,
            size=len(leaves),
            leaf_hash=leaf_hash(jws.encode()).hex(),
            proof=tuple(one.hex() for one in inclusion_proof(index, len(leaves), grown(0, {}, leaves))),
        )
        made[names["member"]] = jws.encode()
        made[names["proof"]] = answer.model_dump_json().encode()
        made.setdefault(names["checkpoint"], self.note(node).encode())
        made.setdefault(names["time_stamp"], time_stamp(self.pki, self.checkpoint(node).digest, self.at + STAMPED))
        return ProvenEvidence(id=claims.id, node=node, event=claims.event, time=claims.time, **names)

    def _names(self, claims: Evidence) -> Sequence[tuple[str, str, str]]:
        log = f"{claims.issuer}-{len(self.logs[claims.issuer])}"
        return (
            ("member", "evidence", f"{claims.id}.jws"),
            ("proof", "log", f"{claims.id}.json"),
            ("checkpoint", "log", f"{log}.note"),
            ("time_stamp", "log", f"{log}.tst"),
        )

    def _certificates(self) -> bytes:
        chain = [self.pki.issuing.certificate, *(one.certificate for one in self.nodes.values())]
        return b"".join(one.public_bytes(Encoding.PEM) for one in chain)

    def _trust_list(self) -> str:
        sealer = self.pki.issuing.issue(
            Profile.TRUST_LIST, "Trust List", uri=TRUST_LIST_URI, not_after=self.list_seal_ends
        )
        return sealer.seal_key().seal(TRUST_LIST_TYPE, self.pki.trust_list())


def members_of(path: Path) -> dict[str, bytes]:
    """Every member of a container by name."""
    with zipfile.ZipFile(path) as container:
        return {name: container.read(name) for name in container.namelist()}


def put_together(members: Mapping[str, bytes], path: Path) -> Path:
    """A container of these members, in their order."""
    with zipfile.ZipFile(path, "w") as container:
        for name, content in members.items():
            container.writestr(name, content)
    return path
