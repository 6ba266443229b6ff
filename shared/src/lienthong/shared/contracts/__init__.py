"""The shapes that cross a border between services or nodes: directory, envelope, evidence, tokens, trust list.

They are pydantic models; each is what gets signed or sent, so a change of a field is a change of contract.
"""

from pydantic import BaseModel, ConfigDict


class Contract(BaseModel):
    """A frozen shape on the wire. Unknown members are ignored: an older node must read a newer one's message."""

    model_config = ConfigDict(frozen=True, extra="ignore")
