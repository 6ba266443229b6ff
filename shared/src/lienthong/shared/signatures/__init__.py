"""Signatures: certificate profiles, local trust, seals between nodes, and the signatures of documents.

Everything here is bytes, trust material and a time in, a verdict out; nothing opens a network connection.
"""
