"""The tables of the signing service. Types work on PostgreSQL and SQLite alike; times are aware, in UTC."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

from lienthong.shared.database import UtcDateTime

metadata = MetaData()
SERIAL = String(40)
CODE = String(64)
NAME = String(64)

authorities = Table(
    "authorities",
    metadata,
    Column("name", NAME, primary_key=True, doc="root, issuing-1 …; its row is locked while a CRL is numbered"),
    Column("number", Integer, nullable=False, unique=True, doc="0 is the root; the highest is the one that issues"),
    Column("serial", SERIAL, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)

certificates = Table(
    "certificates",
    metadata,
    Column("serial", SERIAL, primary_key=True),
    Column("issuer", NAME, ForeignKey("authorities.name"), nullable=False),
    Column("profile", String(32), nullable=False),
    Column("subject", Text, nullable=False, doc="RFC 4514"),
    Column("agency", CODE),
    Column("node", CODE),
    Column("pem", Text, nullable=False),
    Column("not_before", UtcDateTime, nullable=False),
    Column("not_after", UtcDateTime, nullable=False),
    Column("issued_at", UtcDateTime, nullable=False),
    Column("issued_by", String(200), nullable=False, doc="Client id, or 'operator' for the command line"),
    Column("revoked_at", UtcDateTime, doc="When it was decided; the CRL's revocationDate"),
    Column("revocation_effective_at", UtcDateTime, doc="The CRL's invalidityDate"),
    Column("revocation_reason", String(32)),
    Column("renews", SERIAL, doc="The certificate that it renews, if it is a renewal"),
    Index("certificates_by_renewed", "renews", unique=True),
    Index("certificates_by_issue", "issued_at", "serial"),
    Index("certificates_by_agency", "agency", "issued_at", "serial"),
    Index("certificates_revoked", "issuer", "revoked_at"),
    Index("certificates_by_profile", "profile", "issued_at", "serial"),
)

crls = Table(
    "crls",
    metadata,
    Column("issuer", NAME, ForeignKey("authorities.name"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False, doc="CRL number: 1 is the first"),
    Column("der", LargeBinary, nullable=False),
    Column("this_update", UtcDateTime, nullable=False),
    Column("next_update", UtcDateTime, nullable=False),
)

remote_keys = Table(
    "remote_keys",
    metadata,
    Column("agency", CODE, primary_key=True),
    Column("officer", CODE, primary_key=True, doc="Empty: the agency's seal. One key in use each"),
    Column("serial", SERIAL, ForeignKey("certificates.serial"), nullable=False, doc="Also the name of its key file"),
    Column("node", CODE, doc="The node that may ask for its signatures"),
    Column("signers", JSON, nullable=False, doc="Subjects of the tokens that may; empty: any of the agency's"),
    Column("created_at", UtcDateTime, nullable=False),
)

enrolments = Table(
    "enrolments",
    metadata,
    Column("id", String(36), primary_key=True, doc="UUIDv7: in the order of asking"),
    Column("kind", String(16), nullable=False),
    Column("profile", String(32)),
    Column("name", Text, nullable=False),
    Column("organisation", Text, nullable=False),
    Column("agency", CODE),
    Column("node", CODE),
    Column("csr", Text, nullable=False, doc="PEM"),
    Column("officer", CODE, nullable=False),
    Column("signing_node", CODE),
    Column("signers", JSON, nullable=False),
    Column("digest", String(64), doc="Of a batch"),
    Column("certificates", Integer, nullable=False, doc="How many it is for"),
    Column("requested_by", String(200), nullable=False, doc="Subject of the token, or 'operator' at the command line"),
    Column("requested_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("approved", Boolean, doc="Null: not decided"),
    Column("decided_by", String(200)),
    Column("decided_at", UtcDateTime),
    Column("reason", Text, nullable=False),
    Column("serial", SERIAL, ForeignKey("certificates.serial")),
    Index("enrolments_by_agency", "agency", "id"),
    Index("enrolments_by_requester", "requested_by", "id"),
    Index("enrolments_by_digest", "digest"),
)

batch_certificates = Table(
    "batch_certificates",
    metadata,
    Column("digest", String(64), primary_key=True, doc="Of the batch"),
    Column("line", Integer, primary_key=True, autoincrement=False),
    Column("serial", SERIAL, ForeignKey("certificates.serial"), nullable=False),
)

signature_log = Table(
    "signature_log",
    metadata,
    Column("id", String(36), primary_key=True, doc="UUIDv7: in the order of time"),
    Column("at", UtcDateTime, nullable=False),
    Column("caller", String(200), nullable=False, doc="Subject of the token"),
    Column("agency", CODE, nullable=False),
    Column("officer", CODE, nullable=False, doc="Empty: the agency's seal"),
    Column("serial", SERIAL, doc="Of the key's certificate; null: no key was opened"),
    Column("format", String(32), nullable=False),
    Column("digest", String(64), nullable=False, doc="SHA-256 of what was sent to be signed"),
    Column("outcome", String(64), nullable=False, doc="'signed', or the code of the problem"),
    Index("signature_log_by_agency", "agency", "id"),
    Index("signature_log_by_key", "serial", "at"),
    Index("signature_log_by_caller", "caller", "at"),
)

time_stamp_clock = Table(
    "time_stamp_clock",
    metadata,
    Column(
        "id", Integer, primary_key=True, autoincrement=False, doc="1: the one row, locked while a token is numbered"
    ),
    Column("serial", BigInteger, nullable=False, doc="Of the last token"),
    Column("stamped_at", UtcDateTime, nullable=False, doc="genTime of the last token"),
)

trusted_authorities = Table(
    "trusted_authorities",
    metadata,
    Column("fingerprint", String(64), primary_key=True, doc="SHA-256 of the certificate, hexadecimal"),
    Column("certificate", Text, nullable=False, doc="PEM"),
    Column("purposes", JSON, nullable=False),
    Column("names", JSON, nullable=False),
    Column("not_before", UtcDateTime, nullable=False),
    Column("not_after", UtcDateTime, nullable=False),
    Column("crls", JSON, nullable=False, doc="DER in base64"),
    Column("added_at", UtcDateTime, nullable=False),
)

trust_lists = Table(
    "trust_lists",
    metadata,
    Column("version", BigInteger, primary_key=True, autoincrement=False, doc="Grows; never reused"),
    Column("content_digest", String(64), nullable=False, doc="SHA-256 of what it says, but for version and times"),
    Column("issued_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("jws", Text, nullable=False, doc="As published"),
)
