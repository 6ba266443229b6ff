"""The logs of other nodes, as this node may read them."""

from lienthong.exchange.usecases.process import Process
from lienthong.shared.clients.node_log import NodeLogClient, sealed_request
from lienthong.shared.contracts.log import LogRequest
from lienthong.shared.identifiers import NodeId


def node_log(node: NodeId, process: Process) -> NodeLogClient:
    """The log of ``node``.

    Raises:
        DirectoryMissing: This node holds no directory.
        NodeUnknown: The directory has no such node.
    """
    url = process.directory.current().node(node).url

    def authorize() -> str:
        request = LogRequest(issuer=process.here, audience=node, issued_at=process.clock())
        return sealed_request(process.seal_key, request)

    return NodeLogClient(url, process.http, authorize=authorize)
