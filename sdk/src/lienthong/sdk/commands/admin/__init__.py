"""``lienthong admin``: what operators do with a node; one module per family of commands, gathered in :mod:`.group`."""
