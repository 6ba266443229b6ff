"""What the registry does: each use case opens and commits its own transaction."""
