"""The leaves of the error taxonomy that belong to the signing service (``RemoteKeyMissing`` lives with its client)."""

from lienthong.shared.errors import Conflict, Forbidden, InvalidInput, NotFound, TooMany, Unavailable, Verification


class CSRInvalid(InvalidInput):
    """The certificate signing request is not one PEM-encoded PKCS#10 request."""

    code = "csr-invalid"
    title = "The certificate signing request cannot be read"


class ProofOfPossessionInvalid(Verification):
    """The request is not signed with the private key of the public key in it."""

    code = "csr-signature-invalid"
    title = "The request does not prove possession of its key"


class KeyNotAllowed(InvalidInput):
    """The public key is of a kind or size that the profile does not take."""

    code = "key-not-allowed"
    title = "The key is too weak, or of the wrong kind"


class SubjectInvalid(InvalidInput):
    """The subject lacks what the profile needs, or holds what cannot be in a certificate."""

    code = "subject-invalid"
    title = "The subject does not fit the profile"


class ProfileNotAllowed(Forbidden):
    """The caller may not have a certificate of that profile for that subject."""

    code = "profile-not-allowed"
    title = "This certificate is not the caller's to ask for"


class ApprovalRequired(Forbidden):
    """This certificate takes two persons: one asks at ``/v1/enrolments``, another approves there."""

    code = "approval-required"
    title = "A second person must approve this certificate"


class EnrolmentInvalid(InvalidInput):
    """The enrolment asks for what does not go together."""

    code = "enrolment-invalid"
    title = "The enrolment is not valid"


class EnrolmentUnknown(NotFound):
    """There is no such enrolment, or it is not the caller's to see."""

    code = "enrolment-not-found"
    title = "There is no such enrolment"


class ApprovalNotAllowed(Forbidden):
    """The caller may not decide this enrolment: it asked for it itself, or is no operator."""

    code = "approval-not-allowed"
    title = "This enrolment is not the caller's to decide"


class EnrolmentDecided(Conflict):
    """The enrolment was decided the other way."""

    code = "enrolment-decided"
    title = "The enrolment is decided already"


class EnrolmentExpired(Conflict):
    """Nobody decided the enrolment in time; it must be asked for again."""

    code = "enrolment-expired"
    title = "The enrolment has expired"


class TooManyEnrolments(TooMany):
    """The caller has too many enrolments that nobody has decided."""

    code = "too-many-enrolments"
    title = "Too many pending enrolments"


class RenewalProofInvalid(Verification):
    """The renewal is not signed with the key of the certificate that it is for."""

    code = "renewal-proof-invalid"
    title = "The renewal does not prove possession of the old key"


class RenewalNotPossible(Conflict):
    """The certificate is revoked, has lapsed, is too young, or is of a kind that is not renewed."""

    code = "renewal-not-possible"
    title = "This certificate cannot be renewed"


class AlreadyRenewed(Conflict):
    """The certificate was renewed before, for another key."""

    code = "already-renewed"
    title = "The certificate is renewed already"


class BatchInvalid(InvalidInput):
    """A batch cannot be read, or one of its lines cannot be issued; nothing of it was."""

    code = "batch-invalid"
    title = "The batch is not valid"


class BatchBusy(Conflict):
    """Another run issues the same batch."""

    code = "batch-busy"
    title = "The batch is being issued"


class CertificateUnknown(NotFound):
    """No certificate has that serial number here."""

    code = "certificate-not-found"
    title = "There is no such certificate"


class AuthorityUnknown(NotFound):
    """No certificate authority of this service has that name."""

    code = "authority-not-found"
    title = "There is no such certificate authority"


class RevocationConflict(Conflict):
    """The certificate is revoked already, for another reason."""

    code = "already-revoked"
    title = "The certificate is revoked already"


class RevocationTimeInvalid(InvalidInput):
    """The time of effect is in the future, or before the certificate was."""

    code = "effective-at-invalid"
    title = "The time of effect is not possible"


class RevocationNotAllowed(Forbidden):
    """The certificate is not the caller's to revoke."""

    code = "revocation-not-allowed"
    title = "This certificate is not the caller's to revoke"


class SigningNotAllowed(Forbidden):
    """The caller may not sign for that agency."""

    code = "signing-not-allowed"
    title = "The caller may not sign for this agency"


class TooManySignatures(TooMany):
    """The key or the caller has made as many signatures as it may for now."""

    code = "too-many-signatures"
    title = "Too many signatures"


class SignatureRequestInvalid(InvalidInput):
    """What is to be signed is missing, too long, or not in the form that was asked for."""

    code = "signature-request-invalid"
    title = "The signature request is not valid"


class NotInitialised(Unavailable):
    """``lienthong-signing init`` has not run yet."""

    code = "authority-not-initialised"
    title = "The certificate authority does not exist yet"


class KeyOffline(Unavailable):
    """The private key that this needs is not on this machine."""

    code = "key-offline"
    title = "The key is offline"


class KeyStoreUnavailable(Unavailable):
    """The folder of keys cannot be read or written, or the password does not open it."""

    code = "key-store-unavailable"
    title = "The key store is away"


class UnsupportedMediaType(InvalidInput):
    """The body is of a media type that this endpoint does not take."""

    code = "media-type-not-supported"
    title = "The media type is not supported"


class TrustedAuthorityInvalid(InvalidInput):
    """The external authority cannot be put on the trust list as it is."""

    code = "trusted-authority-invalid"
    title = "The external authority is not valid"


class TrustedAuthorityUnknown(NotFound):
    """No external authority has that fingerprint."""

    code = "trusted-authority-not-found"
    title = "There is no such external authority"
