"""``lienthong-signing trust``: external authorities on the trust list."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from cryptography import x509

from lienthong.shared.contracts.trust import TrustPurpose
from lienthong.signing.domain.trusted import Constraints
from lienthong.signing.operating import operate
from lienthong.signing.usecases.trust_authorities import add_authority, remove_authority, trusted_authorities

app = typer.Typer(help="External authorities on the trust list.", no_args_is_help=True)

Purposes = Annotated[list[TrustPurpose], typer.Option("--purpose", help="What it is trusted for; may be repeated")]
Names = Annotated[
    list[str] | None,
    typer.Option("--names", help="Agency code, with all below it, or 'O=organisation'; may be repeated; none: any"),
]
Moment = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"], help="UTC")]


@app.command()
def add(
    file: Annotated[Path, typer.Argument(help="The authority's certificate, PEM or DER")],
    *,
    purpose: Purposes,
    names: Names = None,
    since: Moment = None,
    until: Moment = None,
    crl: Annotated[list[Path] | None, typer.Option(help="Its revocation list, PEM or DER; may be repeated")] = None,
) -> None:
    """Put an authority on the trust list, or change how far it is trusted."""
    constraints = Constraints(purposes=purpose, names=names or (), since=_utc(since), until=_utc(until))
    certificate, crls = file.read_bytes(), [path.read_bytes() for path in crl or ()]
    fingerprint, entry = operate(lambda things: add_authority(things, certificate, constraints, crls=crls))
    typer.echo(f"{fingerprint} until {entry.not_after.isoformat()}")


@app.command("list")
def listing() -> None:
    """Show the authorities on the trust list."""
    for fingerprint, entry in operate(trusted_authorities).items():
        subject = x509.load_pem_x509_certificate(entry.certificate.encode()).subject.rfc4514_string()
        span = f"{entry.not_before.date()}..{entry.not_after.date()}"
        typer.echo("\t".join((fingerprint, subject, ",".join(entry.purposes), "; ".join(entry.names) or "any", span)))


@app.command()
def remove(fingerprint: Annotated[str, typer.Argument(help="SHA-256 of its certificate, hexadecimal")]) -> None:
    """Take an authority off the trust list."""
    operate(lambda things: remove_authority(things, fingerprint))
    typer.echo(f"{fingerprint} is trusted no more")


def _utc(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment else None
