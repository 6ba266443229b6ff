"""Whether a call of the national SDK comes from the system that it names: headers and a time in, parameters out.

The SDK signs its parameters and not its body, repeats one timestamp for as long as its process lives, and sends the
parameters of earlier calls along with every later one. So a call proves who speaks and what its parameters are, and
nothing about when: a repeated call must be answered as the first one was.
"""

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from lienthong.exchange.domain.vxp.systems import System
from lienthong.shared.errors import InvalidInput, Unauthenticated

PREFIX: Final = "xroadvnpt-"
"""Before each parameter's name, whatever its case: HTTP headers have none."""
MAX_SIGNED_CHARACTERS: Final = 64 * 1024
"""Of ``sign-header``. A client that lives for a month has sent every parameter there is: some 2 KiB, plus ``to``."""
MAX_PARAMETERS: Final = 64
"""Parameters in one call; the SDK knows 18."""
SYSTEM_ID: Final = "systemid"
_SIGNED_TEXT: Final = "sign-header"
_SIGNED_NAMES: Final = "sign-header-key"
_MAC: Final = "hash-header"
_FIRST_PRINTABLE, _LAST_PRINTABLE = " ", "~"
_NOT_KNOWN: Final = "The system id is unknown or switched off here, or its secret is another one."

FindSystem = Callable[[str], System | None]


class CallMalformed(InvalidInput):
    """The headers do not have the form that the national SDK gives them."""

    code = "vxp-call-malformed"
    title = "The call does not have the form of the SDK"


class CallRefused(Unauthenticated):
    """The system is unknown or switched off, or the headers were not signed with its secret."""

    code = "vxp-call-refused"
    title = "The system id or the secret is wrong"


class HeaderNotASCII(Unauthenticated):
    """The SDK destroys characters outside ASCII in headers, after it signed them: nobody can check the signature."""

    code = "vxp-header-not-ascii"
    title = "A header holds characters that the SDK destroys"


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedCall:
    """What a system signed. ``parameters``: names without the prefix, as written, also those of its earlier calls."""

    system: System
    parameters: Mapping[str, str]

    def parameter(self, name: str) -> str:
        """The value of a parameter, however its name is written; empty: it was not given.

        Where a client sent two spellings in its life, as the SDK does with ``docId`` and ``docid``, ``name`` as it is
        written here comes first.
        """
        if name in self.parameters:
            return self.parameters[name]
        return next((value for other, value in self.parameters.items() if other.lower() == name.lower()), "")


def verify_call(headers: Sequence[tuple[str, str]], *, find_system: FindSystem, now: datetime) -> VerifiedCall:
    """The call that ``headers`` sign.

    Args:
        headers: As they arrived, names in any case, values as ISO 8859-1 text.
        find_system: Gives the system of an id.
        now: The time at which a secret must be good.

    Raises:
        CallMalformed: Steps 1, 2, 5 and 6.
        CallRefused: Steps 3 and 4.
        HeaderNotASCII: Step 4, where destroyed characters explain it.
    """
    # 1. There are not too many headers of ours, and those about the signature stand there once.
    given = _own_headers(headers)
    signed_text = _only(given, _SIGNED_TEXT)
    # 2. There is a text to check, of bounded length.
    if not signed_text or len(signed_text) > MAX_SIGNED_CHARACTERS:
        raise CallMalformed(
            f"The header XroadVnpt-sign-header is needed, of at most {MAX_SIGNED_CHARACTERS} characters."
        )
    # 3. The system that it names may call here. The sentence is that of step 4.
    system = find_system(_only(given, SYSTEM_ID))
    # 4. The text was signed with a secret of that system which is good now.
    if not _is_signed(signed_text, _only(given, _MAC), system=system, now=now) or system is None:
        raise _refusal(given)
    # 5. The text is one flat object of strings, and names exactly what the list of names does.
    signed = _signed_parameters(signed_text)
    if sorted(signed) != sorted(_only(given, _SIGNED_NAMES).split(";")):
        raise CallMalformed("XroadVnpt-sign-header and XroadVnpt-sign-header-key name different parameters.")
    # 6. Every signed value is the one that arrived, so that whatever is read from here on was signed.
    for name, value in signed.items():
        if value not in given.get(name.lower(), ()):
            raise CallMalformed(f"The header XroadVnpt-{name} is not the one that was signed.")
    if system.system_id != signed.get(SYSTEM_ID):
        raise CallMalformed("XroadVnpt-systemid must be among the signed headers.")
    return VerifiedCall(system=system, parameters=signed)


def verify_secret(system_id: str, secret: str, *, find_system: FindSystem, now: datetime) -> System:
    """The system that shows its secret itself, as provincial front ends have it. Nothing else of the call is proven.

    Raises:
        CallRefused: The system is unknown or switched off, or none of its secrets that are good now is this one.
    """
    system = find_system(system_id)
    good = [one.value for one in system.secrets if one.is_good(now)] if system else []
    matches = [hmac.compare_digest(value, secret.encode("utf-8")) for value in good or [b"nobody's"]]
    if system is None or not good or not any(matches):
        raise CallRefused(_NOT_KNOWN)
    return system


def _own_headers(headers: Sequence[tuple[str, str]]) -> dict[str, list[str]]:
    own: dict[str, list[str]] = {}
    for name, value in headers:
        if name.lower().startswith(PREFIX):
            own.setdefault(name.lower().removeprefix(PREFIX), []).append(value)
    if sum(len(values) for values in own.values()) > MAX_PARAMETERS:
        raise CallMalformed(f"There are more than {MAX_PARAMETERS} headers of the SDK.")
    return own


def _only(given: Mapping[str, Sequence[str]], name: str) -> str:
    values = given.get(name, ("",))
    if len(values) > 1:
        raise CallMalformed(f"The header XroadVnpt-{name} stands there {len(values)} times.")
    return values[0]


def _is_signed(text: str, claimed: str, *, system: System | None, now: datetime) -> bool:
    """In the same time for an unknown system as for a known one with one secret."""
    secrets = [secret.value for secret in system.secrets if secret.is_good(now)] if system else []
    macs = [hmac.new(value, text.encode("utf-8"), hashlib.sha256).hexdigest() for value in secrets or [b"nobody's"]]
    matches = [hmac.compare_digest(mac.encode(), claimed.lower().encode("utf-8")) for mac in macs]
    return any(matches) and bool(secrets)


def _refusal(given: Mapping[str, Sequence[str]]) -> CallRefused | HeaderNotASCII:
    destroyed = [name for name, values in given.items() if not all(map(_is_printable_ascii, values))]
    if not destroyed:
        return CallRefused(_NOT_KNOWN)
    names = ", ".join(f"XroadVnpt-{name}" for name in destroyed if name != _SIGNED_TEXT) or "XroadVnpt-sign-header"
    return HeaderNotASCII(
        f"{names}: characters outside ASCII are destroyed on their way, so that the signature cannot be checked. "
        "Write it without diacritics, or send a status message with sendEdoc."
    )


def _is_printable_ascii(value: str) -> bool:
    return all(_FIRST_PRINTABLE <= character <= _LAST_PRINTABLE for character in value)


def _signed_parameters(text: str) -> dict[str, str]:
    try:
        pairs = json.loads(text, object_pairs_hook=_Pairs)
    except (ValueError, RecursionError) as error:
        raise CallMalformed("XroadVnpt-sign-header is not JSON.") from error
    if not isinstance(pairs, _Pairs) or len(pairs) > MAX_PARAMETERS:
        raise CallMalformed("XroadVnpt-sign-header is not one JSON object of parameters.")
    signed: dict[str, str] = {}
    for name, value in pairs:
        bare = name[len(PREFIX) :]
        if not isinstance(value, str) or not name.lower().startswith(PREFIX) or bare in signed:
            raise CallMalformed("XroadVnpt-sign-header holds each parameter once, as text, under its header's name.")
        signed[bare] = value
    return signed


class _Pairs(list[tuple[str, Any]]):
    """The members of a JSON object in their order, repeated ones too."""
