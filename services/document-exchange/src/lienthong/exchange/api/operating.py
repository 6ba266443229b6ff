"""Everything below ``/v1/admin``."""

from lienthong.exchange.api import acts, admin, audit, dead_letters, destinations, draining, redeliveries

ROUTERS = tuple(one.router for one in (admin, acts, destinations, dead_letters, draining, redeliveries, audit))
