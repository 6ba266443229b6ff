import hashlib
from pathlib import Path

from lienthong.embedded.network import four_levels
from lienthong.embedded.provision import provision, write_environment_files
from lienthong.embedded.site import embedded_site


def _digests(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


async def test_repeating_it_keeps_keys_secrets_and_root(tmp_path: Path) -> None:
    site = embedded_site(four_levels(), state_dir=tmp_path, port=1234)
    first = await provision(site)
    kept = _digests(tmp_path / "keys"), (tmp_path / "root.pem").read_bytes(), first["client-e-office.H28"]

    again = await provision(site)

    assert (_digests(tmp_path / "keys"), site.root_path.read_bytes(), again["client-e-office.H28"]) == kept


async def test_lost_key_is_made_again_and_no_other(tmp_path: Path) -> None:
    site = embedded_site(four_levels(), state_dir=tmp_path, port=1234)
    await provision(site)
    before = _digests(tmp_path / "keys")
    (tmp_path / "keys" / "agency-H28.p12").unlink()

    await provision(site)

    after = _digests(tmp_path / "keys")
    assert {name for name in before if before[name] != after[name]} == {"agency-H28.p12"}


async def test_environment_files_are_for_their_owner_only(tmp_path: Path) -> None:
    site = embedded_site(four_levels(), state_dir=tmp_path / "state", port=1234)
    secrets = await provision(site)

    write_environment_files(site, secrets, tmp_path / "settings")

    files = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "settings").iterdir()}
    nodes = {f"node-{node}.env": 0o600 for node in ("G22", "H28", "H28.31", "H28.31.05")}
    assert files == {"registry.env": 0o600, "signing.env": 0o600} | nodes
