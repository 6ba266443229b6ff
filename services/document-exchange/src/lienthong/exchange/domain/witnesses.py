"""Who witnesses whose log, and who may read one; pure.

A node's witness is its parent; the witness of a node without a parent is its first child by code. So no node witnesses
itself, and whoever wants to show two histories needs another agency's key as well.
"""

from dataclasses import dataclass
from datetime import datetime

from pydantic import ValidationError

from lienthong.exchange.errors import LogReaderNotAllowed
from lienthong.shared.contracts.log import LOG_REQUEST_LIFETIME, LOG_REQUEST_TYPE, LogRequest
from lienthong.shared.directory import Directory, NodeUnknown
from lienthong.shared.errors import Verification
from lienthong.shared.identifiers import NodeId
from lienthong.shared.signatures.profiles import Profile
from lienthong.shared.signatures.seals import SealInvalid, open_seal
from lienthong.shared.signatures.trust import TrustStore


@dataclass(frozen=True, slots=True, kw_only=True)
class LogJudge:
    """What a node judges readers and logs by: its own name, its trust and directory, and the time."""

    here: NodeId
    trust: TrustStore
    directory: Directory
    at: datetime


def witness_of(node: NodeId, directory: Directory) -> NodeId | None:
    """Who co-signs the log of ``node``; None: it has neither parent nor children. Raises :class:`NodeUnknown`."""
    entry = directory.node(node)
    return entry.parent if entry.parent is not None else _first_child(node, directory)


def witnessed_by(here: NodeId, directory: Directory) -> tuple[NodeId, ...]:
    """Whose logs ``here`` co-signs, by code. Raises :class:`NodeUnknown`."""
    directory.node(here)
    return tuple(sorted(one.id for one in directory.nodes() if here == witness_of(one.id, directory)))


def open_log_request(jws: str, *, judge: LogJudge) -> NodeId:
    """The node that sealed a request to read the log of the judging node.

    Raises:
        LogReaderNotAllowed: With the step that failed.
    """
    # 1. Sealed by a node. 2. A request to read a log.
    try:
        opened = open_seal(jws, typ=LOG_REQUEST_TYPE, trust=judge.trust, at=judge.at, profile=Profile.NODE_SEAL)
        request = LogRequest.model_validate_json(opened.payload)
    except (SealInvalid, ValidationError) as error:
        raise LogReaderNotAllowed(_told("The request is not sealed by a node.", error)) from error
    # 3. By the node that it names, to this node.
    if (opened.subject.node, judge.here) != (request.issuer, request.audience):
        raise LogReaderNotAllowed("The request is another node's, or for another node.")
    # 4. Made just now.
    if abs(judge.at - request.issued_at) > LOG_REQUEST_LIFETIME:
        raise LogReaderNotAllowed("The request is too old; compare the clocks.")
    # 5. By a node of the directory.
    try:
        return judge.directory.node(request.issuer).id
    except NodeUnknown as error:
        raise LogReaderNotAllowed(f"The directory has no node {request.issuer}.") from error


def _first_child(node: NodeId, directory: Directory) -> NodeId | None:
    return min((one.id for one in directory.nodes() if one.parent == node), default=None)


def _told(sentence: str, error: Exception) -> str:
    return f"{sentence} {error.detail}" if isinstance(error, Verification) else sentence
