"""Who reads the evidence log: a node with a request that it sealed, or a client with a token of the registry."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from lienthong.exchange.api.authorization import WithFactory
from lienthong.exchange.domain.witnesses import LogJudge, open_log_request, witness_of
from lienthong.exchange.errors import (
    AuditorNotAllowed,
    DirectoryMissing,
    LogReaderNotAllowed,
    TrustListMissing,
    WitnessNotEntitled,
)
from lienthong.exchange.factory import Factory
from lienthong.shared.contracts.log import LOG_REQUEST_TYPE
from lienthong.shared.contracts.tokens import Scope
from lienthong.shared.database import DatabaseUnavailable
from lienthong.shared.identifiers import NodeId
from lienthong.shared.signatures.seals import claimed_type
from lienthong.shared.tokens import Principal, ScopeMissing, TokenInvalid, TokenMissing

_bearer = HTTPBearer(
    auto_error=False,
    scheme_name="LogReader",
    description=f"Token of the registry's /oauth2/token, or a request sealed by a node: JWS of type {LOG_REQUEST_TYPE}",
)
READER_ERRORS = (
    TokenMissing,
    TokenInvalid,
    ScopeMissing,
    LogReaderNotAllowed,
    DirectoryMissing,
    TrustListMissing,
    DatabaseUnavailable,
)
"""What every endpoint of the log may answer on account of who calls."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogReader:
    """Who calls: exactly one of the two is set."""

    node: NodeId | None = None
    client: Principal | None = None

    def may(self, *scopes: Scope) -> bool:
        """Whether it is a client with one of ``scopes``."""
        return self.client is not None and not self.client.scopes.isdisjoint(scopes)


async def log_reader(
    request: Request,
    *,
    factory: WithFactory,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> LogReader:
    """A node of the directory, or a client that may read documents or is an operator's."""
    if credentials is None:
        raise TokenMissing("Send an access token, or a request sealed by your node, as 'Authorization: Bearer ...'.")
    if claimed_type(credentials.credentials) == LOG_REQUEST_TYPE:
        return LogReader(node=open_log_request(credentials.credentials, judge=_judge(factory)))
    principal: Principal = await request.app.state.tokens.verify(credentials.credentials)
    reader = LogReader(client=principal)
    if not reader.may(Scope.ADMIN):
        principal.require(Scope.DOCUMENTS_READ)
    return reader


AnyReader = Annotated[LogReader, Depends(log_reader)]
"""Reads checkpoints and proofs: they hold hashes only."""


async def entry_reader(factory: WithFactory, reader: AnyReader) -> LogReader:
    """The witness of this node's log, or an operator. Raises :class:`AuditorNotAllowed`."""
    if not reader.may(Scope.ADMIN) and not _is_witness(reader, factory):
        raise AuditorNotAllowed("Entries name documents and agencies: only the log's witness and operators read them.")
    return reader


async def log_witness(factory: WithFactory, reader: AnyReader) -> NodeId:
    """The witness of this node's log. Raises :class:`WitnessNotEntitled`."""
    if reader.node is None or not _is_witness(reader, factory):
        raise WitnessNotEntitled("Only the witness of this node's log, its parent in the tree, signs checkpoints.")
    return reader.node


EntryReader = Annotated[LogReader, Depends(entry_reader)]
"""Reads entries."""
Witness = Annotated[NodeId, Depends(log_witness)]
"""Signs checkpoints."""


def _is_witness(reader: LogReader, factory: Factory) -> bool:
    return reader.node is not None and reader.node == witness_of(factory.here, factory.directory.current())


def _judge(factory: Factory) -> LogJudge:
    return LogJudge(
        here=factory.here,
        trust=factory.trust.current(),
        directory=factory.directory.current(),
        at=factory.clock(),
    )
