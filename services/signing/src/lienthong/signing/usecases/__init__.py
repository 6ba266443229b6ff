"""What the service does, one verb a module; each opens and commits its own transaction."""
