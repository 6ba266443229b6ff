"""Every door for systems that speak an interface of the national platform or of a provincial front end."""

from typing import Final

from fastapi import APIRouter

from lienthong.exchange.api.vxp import door, provincial

ROUTERS: Final[tuple[APIRouter, ...]] = (door.router, provincial.with_secrets, provincial.with_tokens)
