"""The client library and the ``lienthong`` command; neither imports a service.

>>> async with LienthongClient(node_url, registry_url, ClientSecret(client_id=..., secret=...)) as client:
...     submission = await client.submit(Path("document.edxml"), media_type=EDXML)
"""

from lienthong.sdk.client import LienthongClient
from lienthong.sdk.errors import ProblemError
from lienthong.sdk.options import ClientOptions
from lienthong.shared.clients.registry import ClientKey, ClientSecret

__all__ = ["ClientKey", "ClientOptions", "ClientSecret", "LienthongClient", "ProblemError"]
