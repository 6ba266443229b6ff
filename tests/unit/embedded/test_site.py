from pathlib import Path

from lienthong.embedded.network import four_levels
from lienthong.embedded.secret_box import SecretBox
from lienthong.embedded.site import embedded_site, node_environment, settings_of
from lienthong.exchange.config import Settings
from lienthong.shared.identifiers import NodeId


def test_environment_of_a_node_gives_its_settings(tmp_path: Path) -> None:
    site = embedded_site(four_levels(), state_dir=tmp_path, port=1234)
    environment = node_environment(site, SecretBox(tmp_path / "secrets.json"), NodeId("H28.31"))

    settings = settings_of(Settings, environment)

    assert settings.node_id == "H28.31"
    assert settings.registry_url == "http://127.0.0.1:1234/registry"
    assert settings.brokers == {}
    assert all(name.startswith("LIENTHONG_EXCHANGE_") for name in environment)
