"""The ``lienthong-signing`` command: what an operator does on the machine that holds the keys."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from lienthong.shared.errors import LienthongError
from lienthong.shared.identifiers import AgencyCode, NodeId
from lienthong.shared.serving import configure_logging
from lienthong.shared.serving import serve as serve_app
from lienthong.shared.signatures.profiles import Profile
from lienthong.signing.app import create_app
from lienthong.signing.batch_command import issue_batch_command
from lienthong.signing.domain.records import Authority, AuthorityName, RemoteTerms, RevocationReason, Serial
from lienthong.signing.domain.subjects import Subject
from lienthong.signing.factory import SigningFactory
from lienthong.signing.operating import operate, settings_from_environment
from lienthong.signing.trust_command import app as trust
from lienthong.signing.usecases.create_remote_key import create_remote_key
from lienthong.signing.usecases.init_ca import renew_issuing
from lienthong.signing.usecases.issue_certificate import KeyOrder, issue_certificate, issue_keys
from lienthong.signing.usecases.publish_crl import publish_crl
from lienthong.signing.usecases.revoke_certificate import revoke_certificate

SERIAL_DIGITS = 40

ProfileOption = Annotated[Profile, typer.Option(help="What the certificate is for")]
NameOption = Annotated[str, typer.Option(help="Name of the agency, node or person")]
OrganisationOption = Annotated[str, typer.Option(help="An officer's agency, by name")]
AgencyOption = Annotated[str, typer.Option(help="Identity code of the agency")]
NodeOption = Annotated[str, typer.Option(help="The node")]

app = typer.Typer(help="Liên Thông: the signing service.", no_args_is_help=True, pretty_exceptions_enable=False)
app.add_typer(trust, name="trust")
app.command("issue-batch")(issue_batch_command)


def cli() -> None:
    """Runs the command line; a refusal is one line and exit status 1."""
    try:
        app()
    except LienthongError as error:
        typer.echo(f"{error.code}: {error.detail}", err=True)
        raise SystemExit(1) from error


@app.command()
def serve() -> None:
    """Serve the REST API."""
    settings = settings_from_environment()
    configure_logging("signing", settings.log_level.upper())
    serve_app(create_app(settings), host=settings.host, port=settings.port)


@app.command()
def migrate() -> None:
    """Bring the database to this version's schema."""

    async def work() -> None:
        async with SigningFactory(settings_from_environment()) as factory:
            await factory.migrate()

    asyncio.run(work())


@app.command()
def init() -> None:
    """Make the root, the issuing authority and their first revocation lists, if they are not there yet."""
    settings = settings_from_environment()

    async def work() -> Authority:
        async with SigningFactory(settings) as factory:
            return await factory.init_ca()

    authority = asyncio.run(work())
    typer.echo(f"{authority.name} issues; root certificate: {settings.root_path}")


@app.command("renew-issuing")
def renew() -> None:
    """Make the next issuing authority (needs the root key)."""
    typer.echo(f"{operate(renew_issuing).name} issues from now on")


@app.command()
def issue(
    csr: Annotated[Path, typer.Argument(help="PKCS#10 request, PEM")],
    out: Annotated[Path, typer.Argument(help="Where the certificate goes, PEM")],
    *,
    profile: ProfileOption,
    name: NameOption,
    organisation: OrganisationOption = "",
    agency: AgencyOption = "",
    node: NodeOption = "",
) -> None:
    """Issue a certificate for a request, without the REST API."""
    subject = _subject(name, organisation=organisation, agency=agency, node=node)
    text = csr.read_text(encoding="ascii", errors="replace")
    record = operate(lambda things: issue_certificate(things, text, profile, subject=subject, caller=None))
    out.write_text(record.pem, encoding="ascii")
    typer.echo(record.serial)


@app.command("new-key")
def new_key(
    out: Annotated[Path, typer.Argument(help="Where the PKCS#12 file goes")],
    *,
    profile: ProfileOption,
    name: NameOption,
    organisation: OrganisationOption = "",
    agency: AgencyOption = "",
    node: NodeOption = "",
    password: Annotated[str, typer.Option(envvar="LIENTHONG_P12_PASSWORD", help="Of the PKCS#12 file")],
) -> None:
    """Make a key with its certificate for a node, the directory, an agency or an officer."""
    subject = _subject(name, organisation=organisation, agency=agency, node=node)
    order = KeyOrder(profile=profile, subject=subject, path=out, password=password)
    (record,) = operate(lambda things: issue_keys(things, [order]))
    typer.echo(record.serial)


@app.command("remote-key")
def remote_key(
    *,
    agency: AgencyOption,
    name: NameOption,
    organisation: OrganisationOption = "",
    officer: Annotated[str, typer.Option(help="The officer within the agency; none: the agency's seal")] = "",
    node: NodeOption = "",
    signer: Annotated[list[str] | None, typer.Option(help="Client id that may sign; may be repeated")] = None,
) -> None:
    """Make the remote key of an agency or its officer, or say who may sign with it."""
    by = NodeId(node) if node else None
    terms = RemoteTerms(officer=officer, node=by, signers=tuple(signer or ()))
    subject = _subject(name, organisation=organisation if officer else name, agency=agency, node="")
    made = operate(lambda things: create_remote_key(things, subject, terms, caller=None))
    typer.echo(made.key.serial)


@app.command()
def revoke(
    serial: Annotated[str, typer.Argument(help="Hexadecimal serial number")],
    *,
    reason: Annotated[RevocationReason, typer.Option()] = RevocationReason.UNSPECIFIED,
) -> None:
    """Revoke a certificate and publish the list that says so."""
    number = Serial(serial.lower().zfill(SERIAL_DIGITS))
    record = operate(lambda things: revoke_certificate(things, number, reason, effective_at=None, caller=None))
    typer.echo(f"{record.serial} {record.subject}")


@app.command()
def crl(authority: Annotated[str, typer.Argument(help="root, issuing-1 …")]) -> None:
    """Publish the next revocation list of an authority now."""
    published = operate(lambda things: publish_crl(things, AuthorityName(authority)))
    typer.echo(f"{published.issuer} {published.number} until {published.next_update.isoformat()}")


def _subject(name: str, *, organisation: str, agency: str, node: str) -> Subject:
    return Subject(
        name=name,
        organisation=organisation,
        agency=AgencyCode(agency) if agency else None,
        node=NodeId(node) if node else None,
    )
