"""One module per command: options in, one call of the client or of the shared library, a table or JSON out."""
