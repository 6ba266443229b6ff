import pytest

from lienthong.shared.negotiation import preferred

FORMS = ("application/json", "text/html", "application/pdf")


@pytest.mark.parametrize(
    ("header", "chosen"),
    [
        (None, "application/json"),
        ("*/*", "application/json"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", "text/html"),
        ("text/html;q=0.5, application/pdf", "application/pdf"),
        ("TEXT/*", "text/html"),
        ("image/png", "application/json"),
        ("application/json;q=0, text/html;q=x", "application/json"),
        ("text/html;q=0.2;q=9", "text/html"),
        ("," * 100_000, "application/json"),
    ],
)
def test_form_that_a_client_likes_best(header: str | None, chosen: str) -> None:
    assert preferred(header, FORMS) == chosen


@pytest.mark.parametrize(
    ("header", "chosen"), [(None, "vi"), ("en", "en"), ("en-GB,en;q=0.9", "en"), ("vi-VN,en;q=0.9", "vi"), ("fr", "vi")]
)
def test_language_that_a_client_likes_best(header: str | None, chosen: str) -> None:
    assert preferred(header, ("vi", "en")) == chosen
