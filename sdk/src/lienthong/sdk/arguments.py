"""Options that several commands share."""

from typing import Annotated

import typer

ProfileOption = Annotated[
    str | None,
    typer.Option("--profile", help="Profile file or name; without it LIENTHONG_PROFILE, then LIENTHONG_* variables."),
]
JSONOption = Annotated[bool, typer.Option("--json", help="Print JSON for scripts instead of a table.")]
UTCOption = Annotated[bool, typer.Option("--utc", help="Show times in UTC instead of Vietnam's (UTC+7).")]
AgencyOption = Annotated[str | None, typer.Option("--agency", help="Only this agency (code, old or new).")]
