"""Everything below ``/v1/admin``."""

from lienthong.exchange.api import acts, admin, audit, destinations

ROUTERS = (admin.router, acts.router, destinations.router, audit.router)
