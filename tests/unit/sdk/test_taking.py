import pytest

from lienthong.sdk.taking import MAX_NAME_CHARACTERS, safe_name


@pytest.mark.parametrize(
    ("claimed", "safe"),
    [
        ("Kế hoạch.pdf", "Kế hoạch.pdf"),
        ("../../etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        (".bashrc", "bashrc"),
        ("a\x00b\n.pdf", "ab.pdf"),
        ("..", "attachment"),
        ("folder/", "attachment"),
    ],
)
def test_senders_file_name_cannot_leave_its_folder(claimed: str, safe: str) -> None:
    assert safe_name(claimed) == safe


def test_long_file_name_keeps_its_extension() -> None:
    name = safe_name("ế" * 300 + ".pdf")

    assert name.endswith(".pdf")
    assert len(name) == MAX_NAME_CHARACTERS
    assert len(name.encode()) < 255
