"""The registry over HTTP: each endpoint parses, names one use case, and shapes its answer."""
