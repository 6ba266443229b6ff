"""All services and four nodes in one process, provisioning of whole networks, and the demo."""
