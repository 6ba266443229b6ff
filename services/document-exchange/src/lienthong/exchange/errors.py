"""What can go wrong at a node, beyond what its libraries raise. Codes are stable."""

from lienthong.shared.errors import Conflict, Forbidden, InvalidInput, NotFound, TooLarge, Unavailable, Verification


class UnsupportedMediaType(InvalidInput):
    """The body is of a type that is not a package."""

    code = "unsupported-media-type"
    title = "The body is of a type that is not accepted here"


class SubmissionMalformed(InvalidInput):
    """The parts of a ``multipart/form-data`` submission do not add up."""

    code = "submission-malformed"
    title = "The parts of the submission do not add up"


class SenderUnknown(InvalidInput):
    """The directory has no agency with the code in ``From``."""

    code = "sender-unknown"
    title = "The sender is not in the directory"


class SenderNotAllowed(Forbidden):
    """The caller may not act for that agency."""

    code = "sender-not-allowed"
    title = "You may not act for that agency"


class AgencyNotServed(InvalidInput):
    """The agency is served by another node: the request belongs there."""

    code = "agency-not-served-here"
    title = "Another node serves that agency"


class NoKnownRecipient(InvalidInput):
    """Nobody that the package is addressed to can be reached."""

    code = "no-known-recipient"
    title = "No recipient is known"


class SignatureInvalid(Verification):
    """A signature of the package, or of a file in it, is wrong."""

    code = "signature-invalid"
    title = "A signature is not valid"


class IdempotencyKeyReused(Conflict):
    """The key was used for something else."""

    code = "idempotency-key-reused"
    title = "The idempotency key was used for another submission"


class IdempotencyKeyInvalid(InvalidInput):
    """The key is empty, too long, or holds other than visible ASCII."""

    code = "idempotency-key-invalid"
    title = "The idempotency key is not usable"


class DocumentNotFound(NotFound):
    """No such document here, or the caller is no party to it."""

    code = "document-not-found"
    title = "No such document"


class DirectoryMissing(Unavailable):
    """This node holds no directory yet."""

    code = "directory-missing"
    title = "The directory has not arrived yet"


class TrustListMissing(Unavailable):
    """This node holds no trust list yet."""

    code = "trust-list-missing"
    title = "The trust list has not arrived yet"


class NotForThisNode(InvalidInput):
    """The envelope is addressed to another node."""

    code = "not-for-this-node"
    title = "The envelope is for another node"


class IssuerMismatch(Verification):
    """The seal is of another node than the envelope or the evidence names."""

    code = "issuer-mismatch"
    title = "The seal belongs to another node"


class IssuerNotNeighbour(Verification):
    """The envelope was sealed by a node that may not hand anything to this one."""

    code = "issuer-not-neighbour"
    title = "That node does not hand over to this one"


class EnvelopeMalformed(InvalidInput):
    """The sealed payload is not an envelope, or says contradictory things."""

    code = "envelope-malformed"
    title = "The envelope is malformed"


class AcceptanceMismatch(Verification):
    """The origin's acceptance does not vouch for what the envelope says."""

    code = "acceptance-mismatch"
    title = "The origin did not accept that"


class OriginNotEntitled(Verification):
    """The directory has the sender at another node than the one that accepted the document."""

    code = "origin-not-entitled"
    title = "The origin does not serve the sender"


class TooManyHops(InvalidInput):
    """The document passed through too many nodes: the routes form a loop."""

    code = "too-many-hops"
    title = "Too many hops"


class WayUnclear(Unavailable):
    """The directory here leads back to the node that handed something over: one of the two copies is behind."""

    code = "way-unclear"
    title = "Two nodes disagree about the way"


class DocumentIdTaken(Verification):
    """Two different documents claim one id: one of them is forged."""

    code = "document-id-taken"
    title = "The document's id belongs to another document"


class SenderNotKnownYet(NotFound):
    """The sender is not in this node's copy of the directory, which may be behind."""

    code = "sender-not-known-yet"
    title = "The sender is not in the local directory yet"


class EvidenceNotEntitled(Verification):
    """A node stated something about a delivery that never was on its way through it."""

    code = "evidence-not-entitled"
    title = "That node has no say in this delivery"


class PullNotAllowed(Forbidden):
    """The caller is not a node that may pull packages here."""

    code = "pull-not-allowed"
    title = "That node may not pull packages here"


class BrokerNotConfigured(Unavailable):
    """The settings lack the address of a broker that the directory names."""

    code = "broker-not-configured"
    title = "A broker's address is missing"


class LogDamaged(Unavailable):
    """Hashes or entries of the evidence log are missing or are none: somebody meddled with the node's database."""

    code = "log-damaged"
    title = "The evidence log is damaged"


class CheckpointMissing(NotFound):
    """The log has no checkpoint yet, or none of that size."""

    code = "checkpoint-missing"
    title = "No such checkpoint"


class EvidenceNotLogged(NotFound):
    """The evidence is not in this node's log, or not yet."""

    code = "evidence-not-logged"
    title = "That evidence is not in the log"


class LogSizeInvalid(InvalidInput):
    """The log has never had that size, or the sizes are in the wrong order."""

    code = "log-size-invalid"
    title = "The log has no such size"


class LogReaderNotAllowed(Forbidden):
    """The caller is not a node of the directory, or not the one that its request names."""

    code = "log-reader-not-allowed"
    title = "That node may not read this log"


class WitnessNotEntitled(Forbidden):
    """The caller is not a witness of this node's log."""

    code = "witness-not-entitled"
    title = "That node is not a witness of this log"


class AuditorNotAllowed(Forbidden):
    """Entries of the log are handed out to its witness and to operators only."""

    code = "auditor-not-allowed"
    title = "You may not read the entries of the log"


class EvidenceTooMuch(TooLarge):
    """A document went to more recipients than one evidence file holds."""

    code = "evidence-too-much"
    title = "Too much evidence for one file"


class WitnessOvertaken(Conflict):
    """Another worker of this node witnessed the same log at the same time."""

    code = "witness-overtaken"
    title = "Another worker witnessed the log meanwhile"
