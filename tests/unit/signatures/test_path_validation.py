"""Every row of ``tests/data/path_validation/cases.toml``: what we say of a path, and whether OpenSSL agrees."""

import base64
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from cryptography import x509

from lienthong.shared.signatures.certificates import certificate_from_der
from lienthong.shared.signatures.paths import CertificateRefused
from lienthong.shared.signatures.profiles import Profile
from lienthong.shared.signatures.report import SubIndication
from lienthong.shared.signatures.trust import TrustStore, check_certificate
from tests.support.made_paths import MadePath, PathCase, all_cases, make

CASES = all_cases()


def verdict(case: PathCase, made: MadePath) -> str:
    """``PASSED``, or the sub-indication."""
    try:
        leaf, *offered = [certificate_from_der(one) for one in (made.leaf, *made.offered)]
        roots = tuple(certificate_from_der(one) for one in made.anchors)
    except ValueError:
        return SubIndication.FORMAT_FAILURE.value
    trust = TrustStore(roots=roots, crls=tuple(x509.load_der_x509_crl(one) for one in made.lists))
    profile = Profile(case.profile) if case.profile else None
    try:
        checked = check_certificate(leaf, offered, trust=trust, at=case.at, profile=profile)
    except CertificateRefused as refused:
        return refused.sub_indication.value
    return SubIndication.TRY_LATER.value if checked.revocation_unknown else "PASSED"


@pytest.mark.parametrize("case", CASES, ids=str)
def test_path_is_judged_as_the_table_says(case: PathCase) -> None:
    assert verdict(case, make(case)) == case.expect


@pytest.mark.parametrize("case", CASES, ids=str)
def test_openssl_agrees_or_the_table_says_why_not(case: PathCase, tmp_path: Path) -> None:
    said = openssl_verify(case, make(case), tmp_path)

    assert ((said == "") == (case.expect == "PASSED")) == (not case.differs), said


def test_table_is_whole() -> None:
    rows = [case.row for case in CASES]

    assert len({case.id for case in CASES}) == len(CASES) >= 80
    assert all(row["is"] and row["pkits"].startswith("4.") for row in rows)
    assert {case.expect for case in CASES} <= {"PASSED", *(one.value for one in SubIndication)}


def openssl_verify(case: PathCase, made: MadePath, folder: Path) -> str:
    """What ``openssl verify`` has against it; empty: nothing. Level 2: 112 bits, no SHA-1."""
    command = ["openssl", "verify", "-x509_strict", "-crl_check_all", "-auth_level", "2"]
    command += ["-attime", str(int(case.at.timestamp()))]
    if case.profile:
        policy = Profile(case.profile).rules.policy
        assert policy is not None
        command += ["-policy", policy.dotted_string, "-explicit_policy"]
    for option, label, ders in (
        ("-CAfile", "CERTIFICATE", made.anchors),
        ("-untrusted", "CERTIFICATE", made.offered),
        ("-CRLfile", "X509 CRL", made.lists),
    ):
        if ders:
            command += [option, _written(folder / f"{option[1:]}.pem", label, ders)]
    command.append(_written(folder / "leaf.pem", "CERTIFICATE", (made.leaf,)))
    done = subprocess.run(command, capture_output=True, check=False, text=True)
    return "" if done.returncode == 0 else done.stderr or done.stdout


def _written(path: Path, label: str, ders: Sequence[bytes]) -> str:
    path.write_text("".join(_pem(one, label) for one in ders))
    return str(path)


def _pem(der: bytes, label: str) -> str:
    """Also of what no library would load."""
    lines = base64.encodebytes(der).decode()
    return f"-----BEGIN {label}-----\n{lines}-----END {label}-----\n"
