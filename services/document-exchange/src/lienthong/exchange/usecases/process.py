"""What one process of a node has open, as use cases see it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import httpx

from lienthong.exchange.config import Settings
from lienthong.exchange.domain.vxp.systems import Systems
from lienthong.exchange.storage.held import HeldCopy
from lienthong.exchange.usecases.adopt_package import Adoptions
from lienthong.exchange.usecases.ask_responders import Responders
from lienthong.exchange.usecases.record_evidence import EvidenceRecorder
from lienthong.shared.blobs import BlobStore
from lienthong.shared.clients.registry import RegistryClient
from lienthong.shared.clients.signing import SigningClient
from lienthong.shared.database import Database
from lienthong.shared.directory import Directory
from lienthong.shared.disk_space import Room
from lienthong.shared.identifiers import NodeId
from lienthong.shared.signatures.seals import SealKey
from lienthong.shared.signatures.trust import TrustStore

Clock = Callable[[], datetime]
"""Tells the time, aware, in UTC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """The process-wide things of one node."""

    settings: Settings
    database: Database
    blobs: BlobStore
    adoptions: Adoptions
    room: Room
    trust: HeldCopy[TrustStore]
    directory: HeldCopy[Directory]
    systems: HeldCopy[Systems]
    seal_key: SealKey
    http: httpx.AsyncClient
    registry: RegistryClient
    signing: SigningClient
    responders: Responders
    clock: Clock

    @property
    def here(self) -> NodeId:
        """This node."""
        return self.settings.node_id

    def evidence_recorder(self) -> EvidenceRecorder:
        """States what happens at this node. Raises :class:`~lienthong.exchange.errors.DirectoryMissing`."""
        return EvidenceRecorder(here=self.here, seal_key=self.seal_key, directory=self.directory.current())
