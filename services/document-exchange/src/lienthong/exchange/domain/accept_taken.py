"""Whether a notice that messages were taken may be believed. Bytes and a time in, verified claims out."""

from pydantic import ValidationError

from lienthong.exchange.domain.accept_envelope import Judge
from lienthong.exchange.errors import EnvelopeMalformed, IssuerMismatch, NotForThisNode
from lienthong.shared.contracts.taken import TAKEN_TYPE, Taken
from lienthong.shared.signatures.profiles import Profile
from lienthong.shared.signatures.seals import open_seal


def open_taken(jws: str, *, judge: Judge) -> Taken:
    """A notice that another node sealed for this one. It counts for messages to that node only.

    Raises:
        SealInvalid: Step 1.
        EnvelopeMalformed: Step 2.
        IssuerMismatch: Step 3.
        NotForThisNode: Step 4.
    """
    # 1. Sealed by a node that the trust list vouches for: whoever writes to the broker could make messages vanish else.
    opened = open_seal(jws, typ=TAKEN_TYPE, trust=judge.trust, at=judge.at, profile=Profile.NODE_SEAL)
    # 2. A notice.
    try:
        taken = Taken.model_validate_json(opened.payload)
    except ValidationError as error:
        raise EnvelopeMalformed("The sealed payload is no notice of taken messages.") from error
    # 3. The seal belongs to the node that the notice names.
    if opened.subject.node != taken.issuer:
        raise IssuerMismatch(f"The notice of {taken.issuer} is sealed by {opened.subject.node}.")
    # 4. It is for this node.
    if taken.audience != judge.here:
        raise NotForThisNode(f"The notice is for {taken.audience}.")
    return taken
