"""Judges the state of a node's log: when it stood so, that the node says it, and that another one saw the same."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from lienthong.shared.evidence_file.contents import (
    CERTIFICATES,
    MAX_CERTIFICATES,
    MAX_SEALS_OF_NODE,
    Contents,
    ProvenEvidence,
)
from lienthong.shared.identifiers import NodeId
from lienthong.shared.signatures.certificates import certificate_from_der
from lienthong.shared.signatures.checkpoints import (
    ORIGIN_PREFIX,
    Checkpoint,
    CheckpointInvalid,
    Note,
    read_note,
    verify_checkpoint,
    verify_cosignature,
)
from lienthong.shared.signatures.profiles import node_of
from lienthong.shared.signatures.report import Indication, SubIndication
from lienthong.shared.signatures.time_stamps import TimeStampInvalid, check_time_stamp
from lienthong.shared.signatures.trust import TrustStore


class Refused(Exception):
    """A step does not hold; INDETERMINATE when something is only missing."""

    def __init__(
        self,
        detail: str,
        sub_indication: SubIndication | None = None,
        *,
        indication: Indication = Indication.TOTAL_FAILED,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.sub_indication = sub_indication
        self.indication = indication


def missing(detail: str) -> Refused:
    """Something is not there that may come later."""
    return Refused(detail, SubIndication.TRY_LATER, indication=Indication.INDETERMINATE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """What every piece is judged with. ``at``: when all of the file is proven to have existed.

    ``seals``: certificates of nodes that are in the file, **unverified**.
    """

    contents: Contents
    members: Mapping[str, bytes]
    trust: TrustStore
    at: datetime
    seals: Mapping[NodeId, Sequence[x509.Certificate]]
    _logs: dict[tuple[str | None, str | None, NodeId], "LogState | Refused"] = field(default_factory=dict)

    def member(self, name: str | None, *, gap: str = "") -> bytes:
        """The bytes of a member; ``gap``: what the file says where there is none. Raises :class:`Refused`."""
        if name is None:
            raise missing(f"{gap or 'Its place in the log was not to be had.'} Ask for the file again later.")
        try:
            return self.members[name]
        except KeyError as error:
            raise Refused(f"The member {name} is missing.", SubIndication.SIGNED_DATA_NOT_FOUND) from error

    def log(self, named: ProvenEvidence) -> "LogState":
        """The log that ``named`` is in, judged once however many pieces are in it. Raises :class:`Refused`."""
        key = (named.checkpoint, named.time_stamp, named.node)
        if key not in self._logs:
            try:
                self._logs[key] = check_log(named, self)
            except Refused as refused:
                self._logs[key] = refused
        found = self._logs[key]
        if isinstance(found, Refused):
            raise found
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class LogState:
    """A log as its checkpoint closes it. ``stamped_at`` is proven by a time stamp."""

    checkpoint: Checkpoint
    stamped_at: datetime
    witnesses: tuple[NodeId, ...]


def check_log(named: ProvenEvidence, material: Material) -> LogState:
    """The log that ``named`` is in.

    1. A time stamp over the checkpoint proves when the log stood like that.
    2. The checkpoint is signed by the node, whose certificate was good then.
    3. Another node witnessed the same checkpoint: this one cannot show others another history.

    Raises:
        Refused: The first step that does not hold.
    """
    note = _note(named, material)
    stamped_at = _stamped(note.checkpoint, named, material)  # 1
    _require_own(note, named.node, material, at=stamped_at)  # 2
    witnesses = _witnesses(note, named.node, material)  # 3
    return LogState(checkpoint=note.checkpoint, stamped_at=stamped_at, witnesses=witnesses)


def certificates_in(members: Mapping[str, bytes]) -> tuple[x509.Certificate, ...]:
    """The certificates in the file; nothing is verified.

    Raises:
        ValueError: They cannot be read, or are too many.
    """
    try:
        found = x509.load_pem_x509_certificates(members.get(CERTIFICATES, b""))
    except x509.InvalidVersion as error:
        raise ValueError("a certificate has an unknown version") from error
    if len(found) > MAX_CERTIFICATES:
        raise ValueError("too many certificates")
    return tuple(certificate_from_der(one.public_bytes(Encoding.DER)) for one in found)  # whole: nothing fails later


def seals_in(certificates: Sequence[x509.Certificate]) -> dict[NodeId, list[x509.Certificate]]:
    """The seals among the certificates by the node that each names; nothing is verified.

    Raises:
        ValueError: They are too many of one node.
    """
    seals: dict[NodeId, list[x509.Certificate]] = {}
    for certificate in certificates:
        if (node := _node_named(certificate)) is not None:
            seals.setdefault(node, []).append(certificate)
    if any(len(of_node) > MAX_SEALS_OF_NODE for of_node in seals.values()):
        raise ValueError("too many certificates of one node")
    return seals


def _note(named: ProvenEvidence, material: Material) -> Note:
    try:
        return read_note(material.member(named.checkpoint, gap=named.missing).decode("utf-8", "replace"))
    except CheckpointInvalid as error:
        raise Refused(error.detail, SubIndication.FORMAT_FAILURE) from error


def _stamped(checkpoint: Checkpoint, named: ProvenEvidence, material: Material) -> datetime:
    token = material.member(named.time_stamp, gap=named.missing)
    try:
        stamp = check_time_stamp(token, checkpoint.digest, trust=material.trust, at=material.at)
    except TimeStampInvalid as error:
        raise Refused(error.detail, error.sub_indication) from error
    if stamp.certificate.revocation_unknown:
        raise missing("No fresh revocation list for the time-stamping authority is in the file.")
    return stamp.gen_time


def _require_own(note: Note, node: NodeId, material: Material, *, at: datetime) -> None:
    def verify(certificate: x509.Certificate) -> object:
        return verify_checkpoint(note, node=node, certificates=(certificate,), trust=material.trust, at=at)

    _by_one_of(material.seals.get(node, ()), verify)


def _witnesses(note: Note, node: NodeId, material: Material) -> tuple[NodeId, ...]:
    """Everyone who signed the checkpoint besides its own node; each signature must hold."""
    for signature in note.signatures[1:]:
        witness, line = NodeId(signature.name.removeprefix(ORIGIN_PREFIX)), signature.line

        def verify(certificate: x509.Certificate, *, witness: NodeId = witness, line: str = line) -> object:
            return verify_cosignature(
                note.checkpoint,
                line,
                witness=witness,
                certificates=(certificate,),
                trust=material.trust,
                at=material.at,
            )

        _by_one_of(material.seals.get(witness, ()), verify)
    found = {one.name.removeprefix(ORIGIN_PREFIX) for one in note.signatures[1:]} - {node}
    if not found:
        raise missing(f"No other node has witnessed the log of {node} yet. Ask for the file again later.")
    return tuple(NodeId(one) for one in sorted(found))


def _by_one_of(certificates: Sequence[x509.Certificate], verify: Callable[[x509.Certificate], object]) -> None:
    """Passes when ``verify`` does for one of the certificates: a node renews its seal."""
    refused: CheckpointInvalid | None = None
    for certificate in certificates:
        try:
            verify(certificate)
        except CheckpointInvalid as error:
            refused = error
        else:
            return
    detail = refused.detail if refused else "The certificate of the node that signed the checkpoint is missing."
    raise Refused(detail, SubIndication.SIG_CRYPTO_FAILURE) from refused


def _node_named(certificate: x509.Certificate) -> NodeId | None:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return None
    uris = names.get_values_for_type(x509.UniformResourceIdentifier)
    return node_of(uris[0]) if uris else None
