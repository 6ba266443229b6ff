"""What a trust store remembers of what it verified, within bounds; nothing that only a stranger offered is in it."""

from dataclasses import dataclass, field

from cryptography import x509

from lienthong.shared.signatures.ocsp_answers import OCSPStatus
from lienthong.shared.signatures.paths import Chain
from lienthong.shared.signatures.profiles import Profile
from lienthong.shared.signatures.revocation import RevocationList

MAX_REMEMBERED_CHAINS = 20_000
"""Chains that one trust store remembers: every agency of a large node. Each holds a few KiB."""
MAX_REMEMBERED_HEADER_BYTES = 8 * 1024
"""Bytes of a seal's header that is remembered; usual are 2 to 3 KiB."""


@dataclass(frozen=True, slots=True, eq=False)
class Memory:
    """Chains by leaf, lists and answers by issuer, certificates by the header of the seal that held them."""

    chains: dict[tuple[bytes, Profile | None, str], Chain] = field(default_factory=dict)
    lists: dict[bytes, RevocationList | None] = field(default_factory=dict)
    answers: dict[tuple[bytes, int], list[OCSPStatus]] = field(default_factory=dict)
    offered: dict[tuple[str, bytes], tuple[x509.Certificate, ...]] = field(default_factory=dict)
