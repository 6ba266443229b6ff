"""Alembic scripts of the registry's database."""
