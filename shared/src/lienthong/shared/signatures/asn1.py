"""What asn1crypto lacks: one shape, and the list of what it raises over bytes that are not what they should be."""

from typing import Final

from asn1crypto import cms, core, tsp

UNREADABLE: Final = (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError)
"""A damaged reply or request may raise any of these."""


class TimeStampReply(core.Sequence):  # type: ignore[misc]  # asn1crypto has no types
    """TimeStampResp with or without a token; asn1crypto's own wants one always. Source: RFC 3161 section 2.4.2."""

    _fields = [  # noqa: RUF012 — asn1crypto's way
        ("status", tsp.PKIStatusInfo),
        ("time_stamp_token", cms.ContentInfo, {"optional": True}),
    ]
