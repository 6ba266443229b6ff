"""Rows in and out, on the caller's transaction; nothing here commits."""
