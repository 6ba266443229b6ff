"""Several envelopes about one document in one message: each small and whole, the package once."""

from lienthong.exchange.domain.accept_envelope import Judge, open_envelope
from lienthong.exchange.errors import EnvelopeMalformed
from lienthong.shared.contracts.envelope import BUNDLE_SEPARATOR, ENVELOPES_PER_BUNDLE, Envelope, EnvelopeKind
from lienthong.shared.identifiers import MessageId


def open_message(text: str, message_id: MessageId, *, judge: Judge) -> tuple[Envelope, ...]:
    """The envelopes of a message, each opened as :func:`open_envelope` does, and all that belong together.

    Raises:
        EnvelopeMalformed: Steps 1, 3 and 4; and as :func:`open_envelope` in step 2.
    """
    sealed = text.split(BUNDLE_SEPARATOR)
    # 1. Not more than one message may bring.
    if len(sealed) > ENVELOPES_PER_BUNDLE:
        raise EnvelopeMalformed(f"A message brings at most {ENVELOPES_PER_BUNDLE} envelopes.")
    # 2. Each is a neighbour's, for this node, and names this message.
    envelopes = tuple(open_envelope(jws, message_id, judge=judge) for jws in sealed)
    # 3. All of them are here, none twice: who takes the message takes all, and says so with its one id.
    first = envelopes[0]
    size = 1 if first.bundle is None else first.bundle.size
    if len(envelopes) != size or len({one.id for one in envelopes}) != size:
        raise EnvelopeMalformed(f"The message should bring {size} different envelopes.")
    # 4. They hand over one document together.
    common = (first.bundle, first.issuer, first.document)
    if any((one.bundle, one.issuer, one.document) != common for one in envelopes):
        raise EnvelopeMalformed("The envelopes of one message are about one document, from one node.")
    if size > 1 and any(one.kind is not EnvelopeKind.DOCUMENT for one in envelopes):
        raise EnvelopeMalformed("Only envelopes of documents travel together.")
    return envelopes
