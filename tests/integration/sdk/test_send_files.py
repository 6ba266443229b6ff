"""What ``lienthong send`` puts into a package."""

from datetime import UTC, datetime
from pathlib import Path

from lienthong.sdk.letter_signing import LetterSigning, sign_files
from lienthong.shared.signatures.keys import LocalKey
from tests.support.pdf import minimal_pdf
from tests.support.pki import PKI


def test_files_of_the_same_name_are_each_signed_and_kept(tmp_path: Path) -> None:
    at = datetime.now(UTC)
    key = LocalKey.load(PKI.new(at).agency("H28.31.05").write_p12(tmp_path / "agency.p12", "pass"), "pass")
    sources = [tmp_path / name / "van-ban.pdf" for name in ("letter", "annex")]
    for source in sources:
        source.parent.mkdir()
        source.write_bytes(minimal_pdf(source.parent.name))
    (tmp_path / "made").mkdir()

    signing = LetterSigning(agency_key=key, agency_name="Ủy ban nhân dân xã Hang Kia", document_code="181/KH-UBND")
    signed = sign_files([*sources, tmp_path / "table.xlsx"], tmp_path / "made", signing, at=at)

    assert [file.name for file in signed] == ["van-ban.pdf", "van-ban.pdf", "table.xlsx"]
    for source, made in zip(sources, signed, strict=False):
        assert made.read_bytes().startswith(source.read_bytes())
        assert made.stat().st_size > source.stat().st_size
