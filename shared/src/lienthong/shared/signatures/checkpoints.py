"""Checkpoints of a node's log: C2SP tlog-checkpoint text in a signed note, and what witnesses add to it.

A note is the body (origin, size, root; three lines, each ended by a line feed), an empty line, and signature lines::

    — <name> <base64 of key id, 4 bytes, and signature>

All keys are node seals: ECDSA on P-256 with SHA-256, signatures in DER.

- The log's own signature is over the body, byte for byte. ``openssl dgst -sha256 -verify KEY -signature SIG BODY``
  checks it. Its key id is the first four bytes of SHA-256 over the DER SubjectPublicKeyInfo, its name the origin.
- A witness signs ``cosignature/v1``, a line with ``time`` and seconds since 1970, and the body; the line holds
  the time (8 bytes, big-endian) before the signature. The key id is that of an unassigned type, ``0xff``.

Source: c2sp.org/tlog-checkpoint, c2sp.org/signed-note, c2sp.org/tlog-cosignature.
"""

import hashlib
import re
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from lienthong.shared.errors import Verification
from lienthong.shared.identifiers import NodeId
from lienthong.shared.merkle import HASH_BYTES, MAX_TREE_SIZE
from lienthong.shared.signatures.paths import CertificateRefused
from lienthong.shared.signatures.profiles import Profile
from lienthong.shared.signatures.seals import SealKey
from lienthong.shared.signatures.trust import TrustStore, check_certificate

ORIGIN_PREFIX: Final = "lienthong.node/"
"""Before the node's id in the first line of a checkpoint."""
MAX_NOTE_BYTES: Final = 16 * 1024
"""Longest note that is read."""
MAX_NOTE_SIGNATURES: Final = 32
"""Most signature lines that are read: the log's and its witnesses'."""
CLOCK_SKEW: Final = timedelta(minutes=5)
"""How far ahead a witness's clock may be."""
COSIGNATURE_TYPE: Final = b"\xfflienthong cosignature/v1 ecdsa-p256"
"""Goes into the key id of a witness. Source: c2sp.org/signed-note, signature types."""
_KEY_ID_BYTES: Final = 4
_TIME_BYTES: Final = 8
_SIZE: Final = re.compile(r"0|[1-9][0-9]{0,18}")
_LINE: Final = re.compile(r"— ([^\s+]{1,100}) ([A-Za-z0-9+/]+={0,2})")


class CheckpointInvalid(Verification):
    """A checkpoint or a witness's signature is malformed, another log's, or not signed by whom it names."""

    code = "checkpoint-invalid"
    title = "The checkpoint is not valid"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """The state of one log: ``root`` is the hash of its first ``size`` entries."""

    origin: str
    size: int
    root: bytes

    @property
    def body(self) -> str:
        """The text that is signed and time-stamped, with its last line feed."""
        return f"{self.origin}\n{self.size}\n{b64encode(self.root).decode()}\n"

    @property
    def digest(self) -> bytes:
        """SHA-256 of the body in UTF-8: what a time stamp is over."""
        return hashlib.sha256(self.body.encode()).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteSignature:
    """One signature line, **unverified**. ``value`` is what follows the key id."""

    name: str
    key_id: bytes
    value: bytes
    line: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A parsed note, **unverified**."""

    checkpoint: Checkpoint
    signatures: tuple[NoteSignature, ...]


def origin_of(node: NodeId) -> str:
    """The origin of a node's log, which is also the name of its key: ``lienthong.node/H28.31``."""
    return f"{ORIGIN_PREFIX}{node}"


def sign_checkpoint(checkpoint: Checkpoint, key: SealKey) -> str:
    """The checkpoint as a note with the log's own signature."""
    public = key.chain[0].public_key()
    signature = key.private_key.sign(checkpoint.body.encode(), ec.ECDSA(SHA256()))
    return f"{checkpoint.body}\n{_line(checkpoint.origin, _log_key_id(public), signature)}\n"


def cosign(checkpoint: Checkpoint, key: SealKey, *, witness: NodeId, at: datetime) -> str:
    """The signature line, without a line feed, of a witness that found the checkpoint consistent at ``at``."""
    name, seconds = origin_of(witness), int(at.timestamp())
    signature = key.private_key.sign(_cosigned(checkpoint, seconds), ec.ECDSA(SHA256()))
    key_id = _witness_key_id(name, key.chain[0].public_key())
    return _line(name, key_id, seconds.to_bytes(_TIME_BYTES) + signature)


def with_cosignatures(note: str, lines: Sequence[str]) -> str:
    """The note with the witnesses' lines after its own."""
    return note + "".join(f"{line}\n" for line in lines)


def read_note(text: str) -> Note:
    """The note, parsed and not verified.

    Raises:
        CheckpointInvalid: It is not one, in the one spelling that there is.
    """
    parts = text.removesuffix("\n").split("\n\n")
    if len(text) > MAX_NOTE_BYTES or not text.endswith("\n") or len(parts) != 2:
        raise CheckpointInvalid("A checkpoint is a signed note of at most 16 KiB.")
    body, lines = parts
    signatures = tuple(_signature(line) for line in lines.split("\n"))
    if len(signatures) > MAX_NOTE_SIGNATURES:
        raise CheckpointInvalid("The checkpoint has too many signatures.")
    return Note(checkpoint=_checkpoint(body), signatures=signatures)


def verify_checkpoint(
    note: Note, *, node: NodeId, certificates: Sequence[x509.Certificate], trust: TrustStore, at: datetime
) -> Checkpoint:
    """The checkpoint, if it is that of ``node``'s log.

    1. The origin is that of the log that was asked.
    2. The certificate is a node's seal, good at ``at``, and names that node.
    3. The first signature carries the origin's name and the certificate's key id.
    4. It is over the body.

    Args:
        note: As :func:`read_note` gives it.
        node: Whose log it should be.
        certificates: The node's seal, leaf first; unverified.
        trust: Roots and revocation lists held locally.
        at: The time to judge at.

    Raises:
        CheckpointInvalid: With the step that failed.
    """
    origin = origin_of(node)
    if note.checkpoint.origin != origin:  # 1
        raise CheckpointInvalid(f"The checkpoint is of {note.checkpoint.origin}, not of {origin}.")
    key = _seal_of(node, certificates, trust=trust, at=at)  # 2
    first = note.signatures[0]
    if (first.name, first.key_id) != (origin, _log_key_id(key)):  # 3
        raise CheckpointInvalid("The checkpoint's first signature is not made with the node's seal.")
    _require_signed(key, first.value, note.checkpoint.body.encode())  # 4
    return note.checkpoint


def verify_cosignature(
    checkpoint: Checkpoint,
    line: str,
    *,
    witness: NodeId,
    certificates: Sequence[x509.Certificate],
    trust: TrustStore,
    at: datetime,
) -> datetime:
    """When ``witness`` found the checkpoint consistent.

    1. The certificate is a node's seal, good at ``at``, and names the witness.
    2. The line carries the witness's name and the certificate's key id.
    3. It is over the time and the body of this checkpoint.
    4. The time is not in the future.

    Raises:
        CheckpointInvalid: With the step that failed.
    """
    key = _seal_of(witness, certificates, trust=trust, at=at)  # 1
    signature, name = _signature(line), origin_of(witness)
    if (signature.name, signature.key_id) != (name, _witness_key_id(name, key)):  # 2
        raise CheckpointInvalid("The signature is not made with the witness's seal.")
    seconds = int.from_bytes(signature.value[:_TIME_BYTES])
    _require_signed(key, signature.value[_TIME_BYTES:], _cosigned(checkpoint, seconds))  # 3
    if seconds > (at + CLOCK_SKEW).timestamp():  # 4
        raise CheckpointInvalid("The witness signed in the future; compare the clocks.")
    return datetime.fromtimestamp(seconds, UTC)


def _checkpoint(body: str) -> Checkpoint:
    lines = body.split("\n")
    if len(lines) != 3 or not lines[0].startswith(ORIGIN_PREFIX) or not _SIZE.fullmatch(lines[1]):
        raise CheckpointInvalid("A checkpoint has three lines: origin, size and root.")
    checkpoint = Checkpoint(origin=lines[0], size=int(lines[1]), root=_decoded(lines[2]))
    if len(checkpoint.root) != HASH_BYTES or checkpoint.size > MAX_TREE_SIZE:
        raise CheckpointInvalid("The checkpoint's size or root is out of range.")
    return checkpoint


def _signature(line: str) -> NoteSignature:
    found = _LINE.fullmatch(line)
    if found is None:
        raise CheckpointInvalid("A signature line of the note cannot be read.")
    data = _decoded(found[2])
    if len(data) <= _KEY_ID_BYTES:
        raise CheckpointInvalid("A signature line of the note is too short.")
    return NoteSignature(name=found[1], key_id=data[:_KEY_ID_BYTES], value=data[_KEY_ID_BYTES:], line=line)


def _decoded(text: str) -> bytes:
    try:
        data = b64decode(text, validate=True)
    except ValueError as error:
        raise CheckpointInvalid("The note holds something that is not base64.") from error
    if b64encode(data).decode() != text:
        raise CheckpointInvalid("The note holds base64 that is not canonical.")
    return data


def _line(name: str, key_id: bytes, value: bytes) -> str:
    return f"— {name} {b64encode(key_id + value).decode()}"


def _cosigned(checkpoint: Checkpoint, seconds: int) -> bytes:
    return f"cosignature/v1\ntime {seconds}\n{checkpoint.body}".encode()


def _public_info(key: object) -> bytes:
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise CheckpointInvalid("A node's seal is a key on P-256.")
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _log_key_id(key: object) -> bytes:
    return hashlib.sha256(_public_info(key)).digest()[:_KEY_ID_BYTES]


def _witness_key_id(name: str, key: object) -> bytes:
    return hashlib.sha256(name.encode() + b"\n" + COSIGNATURE_TYPE + _public_info(key)).digest()[:_KEY_ID_BYTES]


def _seal_of(
    node: NodeId, certificates: Sequence[x509.Certificate], *, trust: TrustStore, at: datetime
) -> ec.EllipticCurvePublicKey:
    if not certificates:
        raise CheckpointInvalid("The certificate of the node's seal is missing.")
    try:
        checked = check_certificate(certificates[0], certificates[1:], trust=trust, at=at, profile=Profile.NODE_SEAL)
    except CertificateRefused as error:
        raise CheckpointInvalid(f"The seal's certificate was refused. {error.detail}", facts=error.facts) from error
    if checked.node != node:
        raise CheckpointInvalid(f"The seal is of {checked.node}, not of {node}.")
    key = checked.certificate.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise CheckpointInvalid("A node's seal is a key on P-256.")
    return key


def _require_signed(key: ec.EllipticCurvePublicKey, signature: bytes, data: bytes) -> None:
    try:
        key.verify(signature, data, ec.ECDSA(SHA256()))
    except InvalidSignature as error:
        raise CheckpointInvalid("The signature does not verify.") from error
