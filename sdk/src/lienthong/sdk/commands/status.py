"""``lienthong status``."""

import asyncio
from typing import Annotated

import typer

from lienthong.sdk import models
from lienthong.sdk.arguments import JSONOption, ProfileOption
from lienthong.sdk.console import print_json, print_table
from lienthong.sdk.profile import Profile, load_profile
from lienthong.sdk.tables import status_text, submission_table
from lienthong.shared.edxml.model import BusinessStatus, StaffInfo

HELP = """Answer a received document with a business status.

01 đã đến · 02 từ chối · 03 tiếp nhận · 04 phân công · 05 đang xử lý · 06 hoàn thành

Example: [bold]lienthong status 0199c3…  02 --description "Từ chối: sai thẩm quyền" --profile G22[/bold]
"""


def status(
    document_id: Annotated[str, typer.Argument(help="The document's id on the platform.")],
    code: Annotated[BusinessStatus, typer.Argument(help="The status code.")],
    *,
    description: Annotated[str, typer.Option(help="A reason or remark, at most 1000 characters.")] = "",
    staff: Annotated[str, typer.Option(help="Name of the official in charge.")] = "",
    department: Annotated[str, typer.Option(help="The official's department.")] = "",
    agency: Annotated[str | None, typer.Option(help="The recipient that answers, if you act for several.")] = None,
    profile: ProfileOption = None,
    as_json: JSONOption = False,
) -> None:
    """Posts a status."""
    info = StaffInfo(staff=staff, department=department) if staff or department else None
    submission = asyncio.run(
        _post(load_profile(profile), document_id, code, description=description, staff=info, agency=agency)
    )
    if as_json:
        print_json(submission)
        return
    typer.echo(f"Status {status_text(code.value)} is on its way.")
    print_table(submission_table(submission))


async def _post(
    profile: Profile,
    document_id: str,
    code: BusinessStatus,
    *,
    description: str,
    staff: StaffInfo | None,
    agency: str | None,
) -> models.Submission:
    async with profile.client() as client:
        return await client.post_status(document_id, code, description=description, staff=staff, agency=agency)
