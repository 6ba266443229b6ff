"""The national SDK as a client of the tests plays it: the captured requests, and new ones that are signed alike."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

CAPTURES = Path(__file__).parents[1] / "data" / "vxp"
SYSTEM_ID = "system.province-28"
SECRET = "example-secret"
PREFIX = "XroadVnpt-"
Headers = list[tuple[str, str]]


@dataclass(frozen=True, kw_only=True)
class Captured:
    """A request of the unmodified SDK, as it was on the wire."""

    method: str
    path: str
    headers: Headers
    body: bytes


def captured(name: str) -> Captured:
    """The capture ``name``; header values as ISO 8859-1 text."""
    head, _, body = (CAPTURES / f"{name}.http").read_bytes().partition(b"\r\n\r\n")
    request, *lines = head.decode("latin-1").split("\r\n")
    method, path, _ = request.split(" ")
    pairs = [line.partition(":")[::2] for line in lines]
    return Captured(
        method=method, path=path, headers=[(key, value.removeprefix(" ")) for key, value in pairs], body=body
    )


@dataclass(kw_only=True)
class SDKClient:
    """One client object: its timestamp never changes, and its headers pile up from call to call."""

    system_id: str = SYSTEM_ID
    secret: str = SECRET
    timestamp: str = "22112026T020404+0742"
    kept: dict[str, str] = field(default_factory=dict)

    def headers(self, parameters: Mapping[str, str], *, content_type: str = "application/json") -> Headers:
        """The headers of the next call, as Latin-1 text: the low byte of each character, as the SDK sends it."""
        self.kept |= {
            "systemid": self.system_id,
            **parameters,
            "timestamp": self.timestamp,
            "Content-Type": content_type,
        }
        signed = gson({PREFIX + name: value for name, value in self.kept.items()})
        mac = hmac.new(self.secret.encode(), signed.encode(), hashlib.sha256).hexdigest()
        own = {PREFIX + name: value for name, value in self.kept.items()}
        own |= {f"{PREFIX}sign-header-key": ";".join(self.kept), f"{PREFIX}sign-header": signed}
        own |= {f"{PREFIX}hash-header": mac, f"{PREFIX}version": "3.0.201608"}
        return [("Content-Type", content_type), *((name, destroyed(value)) for name, value in own.items())]


def gson(members: Mapping[str, str]) -> str:
    """Compact JSON as Gson writes it: characters outside ASCII as they are, those of HTML escaped."""
    text = json.dumps(members, separators=(",", ":"), ensure_ascii=False)
    for character in "<>&='":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def destroyed(value: str) -> str:
    """What is left of ``value`` on the wire: of each UTF-16 code unit its low byte."""
    return value.encode("utf-16-le")[::2].decode("latin-1")


def file_hash(content: bytes) -> str:
    """SHA-256 as the SDK prints it: each byte without its leading zero."""
    return "".join(f"{byte:x}" for byte in hashlib.sha256(content).digest())
