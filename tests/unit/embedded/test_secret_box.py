import stat
from pathlib import Path

from lienthong.embedded.secret_box import SecretBox


def test_secret_stays_the_same_over_restarts(tmp_path: Path) -> None:
    first = SecretBox(tmp_path / "secrets.json")["seal-H28"]

    assert SecretBox(tmp_path / "secrets.json")["seal-H28"] == first
    assert len(first) >= 40


def test_secrets_differ_and_are_readable_by_their_owner_only(tmp_path: Path) -> None:
    box = SecretBox(tmp_path / "secrets.json")

    assert box["a"] != box["b"]
    assert stat.S_IMODE((tmp_path / "secrets.json").stat().st_mode) == 0o600
