"""Clients that services use of each other, and integrators of all."""
