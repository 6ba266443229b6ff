"""Takes an act of reorganisation in, as a file that is kept as it came."""

import asyncio
import hashlib
from dataclasses import dataclass
from datetime import datetime

from lienthong.registry.domain.acts import Act, Heading, read_act_csv, read_act_json
from lienthong.registry.domain.reorganisation import Reorganisation, ReorganisationId, require_future
from lienthong.registry.errors import ActDuplicate
from lienthong.registry.storage import reorganisations, versions
from lienthong.shared.database import Database
from lienthong.shared.identifiers import Sha256, new_uuid

JSON = "application/json"
CSV = "text/csv"


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadedFile:
    """A file as it came. ``heading`` is what a CSV is told beside its lines; None: the file is JSON."""

    content: bytes
    heading: Heading | None = None

    @property
    def media_type(self) -> str:
        """How the file is read again."""
        return JSON if self.heading is None else CSV

    def read(self) -> Act:
        """The act in it. Raises :class:`ActUnreadable`."""
        return read_act_json(self.content) if self.heading is None else read_act_csv(self.content, self.heading)


async def upload_reorganisation(database: Database, file: UploadedFile, *, by: str, now: datetime) -> Reorganisation:
    """The act, kept; nothing of it is done. Whether it fits the directory, its preview says.

    Raises:
        ActUnreadable: The file is no act.
        ActInThePast: It would take effect before now.
        ActDuplicate: The same file was uploaded before and is not withdrawn.
    """
    act, digest = await asyncio.to_thread(lambda: (file.read(), hashlib.sha256(file.content).hexdigest()))
    require_future(act.effective_at, now)
    made = Reorganisation(
        id=ReorganisationId(new_uuid()),
        title=act.title,
        effective_at=act.effective_at,
        media_type=file.media_type,
        sha256=Sha256(digest),
        operations=len(act.operations),
        uploaded_by=by,
        uploaded_at=now,
    )
    async with database.begin() as connection:
        await versions.lock(connection)
        held = await reorganisations.with_digest(connection, made.sha256)
        if held is not None:
            raise ActDuplicate(f"This file is the act {held.id}.", facts={"reorganisation": held.id})
        await reorganisations.add(connection, made, file.content)
    return made


def read_again(act: Reorganisation, content: bytes) -> Act:
    """The act in its file; a CSV's heading is kept beside it."""
    if act.media_type == JSON:
        return read_act_json(content)
    return read_act_csv(content, Heading(title=act.title, effective=act.effective_at.isoformat()))
