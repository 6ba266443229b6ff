"""Alembic scripts of a node's database."""
