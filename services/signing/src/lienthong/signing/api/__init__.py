"""REST: each endpoint parses, names a use case, and shapes the answer."""
