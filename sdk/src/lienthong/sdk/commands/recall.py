"""``lienthong recall`` and ``lienthong answer``."""

import asyncio
from enum import StrEnum
from typing import Annotated

import typer

from lienthong.sdk import models
from lienthong.sdk.arguments import JSONOption, ProfileOption
from lienthong.sdk.console import print_json, print_table
from lienthong.sdk.profile import Profile, load_profile
from lienthong.sdk.tables import status_text, submission_table
from lienthong.shared.edxml.model import BusinessStatus

RECALL_HELP = """Ask a document back that you sent.

Where nobody has claimed it, it leaves the inbox at once; elsewhere the recipient answers 15 or 16.

Example: [bold]lienthong recall 0199c3… "Gửi nhầm phụ lục" --from H28.31 --profile H28[/bold]
"""
ANSWER_HELP = """Agree to a recall, an update or a replacement (15), or refuse it (16) and say why.

The id is that of the document that is asked about, or of the package that asks.

Examples: [bold]lienthong answer 0199c3… agree --profile H28.31[/bold] ·
[bold]lienthong answer 0199c3… refuse --reason "Văn bản đã được triển khai" --profile H28.31[/bold]
"""


class Answer(StrEnum):
    """What a recipient says."""

    AGREE = "agree"
    REFUSE = "refuse"

    @property
    def code(self) -> BusinessStatus:
        """The same in the words of the standard."""
        return BusinessStatus.RECALL_AGREED if self is Answer.AGREE else BusinessStatus.RECALL_REFUSED


def recall(
    document_id: Annotated[str, typer.Argument(help="The document's id on the platform.")],
    reason: Annotated[str, typer.Argument(help="Why, at most 1000 characters.")],
    *,
    recipients: Annotated[
        list[str] | None, typer.Option("--from", help="Only from this recipient; repeat it. All without.")
    ] = None,
    sign: Annotated[bool, typer.Option(help="The node signs with the agency's remote key.")] = True,
    idempotency_key: Annotated[str | None, typer.Option(help="Repeat a recall safely.")] = None,
    profile: ProfileOption = None,
    as_json: JSONOption = False,
) -> None:
    """Asks a document back."""
    settings = load_profile(profile)
    submission = asyncio.run(
        _recall(settings, document_id, reason, recipients=recipients, sign=sign, idempotency_key=idempotency_key)
    )
    if as_json:
        print_json(submission)
        return
    print_table(submission_table(submission))
    typer.echo(f"What comes of it: lienthong track {document_id}")


def answer(
    document_id: Annotated[str, typer.Argument(help="The document, or the package that asks.")],
    said: Annotated[Answer, typer.Argument(help="agree (15) or refuse (16).")],
    *,
    reason: Annotated[str, typer.Option(help="Why; a refusal needs it.")] = "",
    agency: Annotated[str | None, typer.Option(help="The recipient that answers, if you act for several.")] = None,
    profile: ProfileOption = None,
    as_json: JSONOption = False,
) -> None:
    """Answers what a sender asked."""
    submission = asyncio.run(_answer(load_profile(profile), document_id, said, reason=reason, agency=agency))
    if as_json:
        print_json(submission)
        return
    typer.echo(f"Status {status_text(said.code)} is on its way.")
    print_table(submission_table(submission))


async def _recall(
    profile: Profile,
    document_id: str,
    reason: str,
    *,
    recipients: list[str] | None,
    sign: bool,
    idempotency_key: str | None,
) -> models.Submission:
    async with profile.client() as client:
        return await client.recall(
            document_id, reason, recipients=recipients, sign=sign, idempotency_key=idempotency_key
        )


async def _answer(
    profile: Profile, document_id: str, said: Answer, *, reason: str, agency: str | None
) -> models.Submission:
    async with profile.client() as client:
        return await client.post_status(document_id, said.code, description=reason, agency=agency)
