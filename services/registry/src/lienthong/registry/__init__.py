"""The registry: agencies, identity codes, the tree of nodes, client credentials and tokens, the signed directory."""
