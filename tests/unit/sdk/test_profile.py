from pathlib import Path

import pytest

from lienthong.sdk.errors import ProfileIncomplete
from lienthong.sdk.profile import load_profile

COMPLETE = 'node_url = "http://n"\nregistry_url = "http://r"\nclient_id = "c"\nclient_secret = "s"\n'


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("PROFILE", "NODE_URL", "REGISTRY_URL", "CLIENT_ID", "CLIENT_SECRET", "AGENCY"):
        monkeypatch.delenv(f"LIENTHONG_{name}", raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))


def test_profile_is_found_by_path_and_by_name(tmp_path: Path) -> None:
    folder = tmp_path / ".config" / "lienthong"
    folder.mkdir(parents=True)
    (folder / "xa.toml").write_text(COMPLETE)

    assert load_profile("xa").node_url == "http://n"
    assert load_profile(str(folder / "xa.toml")).client_id == "c"


def test_environment_gives_what_the_file_lacks_and_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "p.toml").write_text(COMPLETE)
    monkeypatch.setenv("LIENTHONG_AGENCY", "H28")
    monkeypatch.setenv("LIENTHONG_NODE_URL", "http://another")

    profile = load_profile("p.toml")

    assert (profile.agency, profile.node_url) == ("H28", "http://n")


def test_what_is_missing_is_named() -> None:
    with pytest.raises(ProfileIncomplete, match="client_id, client_secret, node_url, registry_url"):
        load_profile(None)


def test_unknown_profile_says_where_it_was_looked_for() -> None:
    with pytest.raises(ProfileIncomplete, match=r"var/embedded/profiles/nowhere\.toml"):
        load_profile("nowhere")


def test_secrets_are_not_shown(tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_text(COMPLETE.replace('"s"', '"very-secret"'))

    assert "very-secret" not in repr(load_profile("p.toml"))
