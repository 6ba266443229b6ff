"""A time-stamping authority as its clients call it. Source: RFC 3161 sections 2.4 and 3.4, RFC 5816.

The caller gives the HTTP client, and with it connections and timeouts. Nothing is repeated here: only the caller knows
whether a time stamp is still wanted.
"""

import hmac
import secrets
from typing import Final

import httpx
from asn1crypto import core, tsp

from lienthong.shared.errors import InvalidInput, Unavailable
from lienthong.shared.signatures.asn1 import UNREADABLE, TimeStampReply

QUERY_MEDIA_TYPE: Final = "application/timestamp-query"
"""Source: RFC 3161 section 3.4."""
REPLY_MEDIA_TYPE: Final = "application/timestamp-reply"
"""Source: RFC 3161 section 3.4."""
MAX_REPLY_BYTES: Final = 64 * 1024
"""Longest reply that is read: a token with four certificates has about 8 KiB."""
DIGEST_BYTES: Final = 32
NONCE_BITS: Final = 64
_GRANTED: Final = ("granted", "granted_with_mods")
_TRY_AGAIN: Final = frozenset({"system_failure", "time_not_available"})


class TimeStampingUnavailable(Unavailable):
    """The time-stamping authority does not answer, or not with a time stamp over what was asked for."""

    code = "time-stamping-unavailable"
    title = "The time-stamping authority is away"


class TimeStampRefused(InvalidInput):
    """The time-stamping authority refused the request; ``facts`` has its failure info."""

    code = "time-stamp-refused"
    title = "The time-stamping authority refused"


class TimeStampingClient:
    """Speaks to one time-stamping authority.

    Args:
        url: Where queries are posted, such as ``https://signing.example/tsa``.
        http: Whose connections and timeouts are used; the caller closes it.
    """

    def __init__(self, url: str, http: httpx.AsyncClient) -> None:
        self._url = url
        self._http = http

    async def stamp(self, digest: bytes) -> bytes:
        """A TimeStampToken (DER) over a SHA-256 digest, with the authority's certificates in it.

        That it speaks of ``digest`` and of this request (by its nonce) was checked; its signature was **not**: see
        :mod:`lienthong.shared.signatures.time_stamps`.

        Raises:
            ValueError: ``digest`` has not 32 bytes.
            TimeStampingUnavailable: No answer, or one that is of no use; try again later.
            TimeStampRefused: A refusal that will stay.
        """
        query, nonce = new_query(digest)
        reply = await self._post(query)
        return token_in(reply, digest=digest, nonce=nonce)

    async def _post(self, query: bytes) -> bytes:
        try:
            headers = {"Content-Type": QUERY_MEDIA_TYPE, "Accept": REPLY_MEDIA_TYPE}
            async with self._http.stream("POST", self._url, content=query, headers=headers) as answer:
                return await read_answer(answer, limit_bytes=MAX_REPLY_BYTES)
        except (httpx.HTTPError, httpx.InvalidURL, AnswerUnusable) as error:
            raise TimeStampingUnavailable("The time-stamping authority cannot be reached; try again.") from error


class AnswerUnusable(Exception):
    """An HTTP answer that is no success, or longer than is read."""


async def read_answer(answer: httpx.Response, *, limit_bytes: int) -> bytes:
    """The body of a successful answer. Raises :class:`AnswerUnusable`."""
    if answer.status_code != httpx.codes.OK:
        raise AnswerUnusable
    content = bytearray()
    async for piece in answer.aiter_bytes():
        content += piece
        if len(content) > limit_bytes:
            raise AnswerUnusable
    return bytes(content)


def token_in(reply: bytes, *, digest: bytes, nonce: int) -> bytes:
    """The token (DER) in a TimeStampResp, if it answers the request with that imprint and nonce.

    1. The reply is read, and its status is granted.
    2. The token holds a TSTInfo over ``digest`` with SHA-256.
    3. It repeats ``nonce``: an old answer cannot be passed off as this one.

    Raises:
        TimeStampRefused: Step 1, for a refusal that will stay.
        TimeStampingUnavailable: Any other failure.

    Source: RFC 3161 section 2.2.
    """
    try:
        response = TimeStampReply.load(reply, strict=True)
        _require_granted(response["status"])  # 1
        token = response["time_stamp_token"]
        info = token["content"]["encap_content_info"]["content"].parsed
        imprint = info["message_imprint"]
        speaks_of = (imprint["hash_algorithm"]["algorithm"].native, imprint["hashed_message"].native)
        answered = info["nonce"].native
        der: bytes = token.dump()
    except UNREADABLE as error:
        raise TimeStampingUnavailable("The time-stamping authority sent something else than a time stamp.") from error
    if speaks_of[0] != "sha256" or not hmac.compare_digest(speaks_of[1], digest):  # 2
        raise TimeStampingUnavailable("The time-stamping authority stamped something else than was asked for.")
    if answered != nonce:  # 3
        raise TimeStampingUnavailable("The time-stamping authority answered another request than this one.")
    return der


def new_query(digest: bytes) -> tuple[bytes, int]:
    """A TimeStampReq (DER) over a SHA-256 digest, and its fresh nonce. Raises :class:`ValueError`: not 32 bytes."""
    if len(digest) != DIGEST_BYTES:
        raise ValueError("A SHA-256 digest has 32 bytes")
    nonce = secrets.randbits(NONCE_BITS)
    imprint = {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": digest}
    request = {"version": "v1", "message_imprint": imprint, "nonce": core.Integer(nonce), "cert_req": True}
    return tsp.TimeStampReq(request).dump(), nonce


def _require_granted(status: tsp.PKIStatusInfo) -> None:
    if status["status"].native in _GRANTED:
        return
    reasons = sorted(status["fail_info"].native or ())
    if _TRY_AGAIN.intersection(reasons):
        raise TimeStampingUnavailable("The time-stamping authority cannot stamp now; try again.")
    raise TimeStampRefused(
        f"The time-stamping authority refused: {', '.join(reasons) or status['status'].native}.",
        facts={"failure_info": reasons},
    )
