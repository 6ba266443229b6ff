import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta

import pytest

from lienthong.exchange.domain.vxp.call import CallMalformed, CallRefused, HeaderNotASCII, VerifiedCall, verify_call
from lienthong.exchange.domain.vxp.systems import System, SystemSecret
from lienthong.shared.identifiers import AgencyCode
from tests.support.vxp import CAPTURES, SECRET, SYSTEM_ID, Headers, SDKClient, captured

NOW = datetime(2026, 11, 25, tzinfo=UTC)
DESTROYED = "same-client-3-updateStatus-vietnamese"
WHOLE = sorted(path.stem for path in CAPTURES.glob("*.http") if path.stem != DESTROYED)


def secret(value: str = SECRET, *, days_from: int = -10, days_to: int | None = None) -> SystemSecret:
    valid_to = None if days_to is None else NOW + timedelta(days=days_to)
    return SystemSecret(value=value.encode(), valid_from=NOW + timedelta(days=days_from), valid_to=valid_to)


def system(*secrets: SystemSecret) -> System:
    return System(
        system_id=SYSTEM_ID,
        client_id="province-28",
        agency=AgencyCode("H28"),
        secrets=secrets or (secret(),),
    )


def verified(headers: Headers, known: System | None = None) -> VerifiedCall:
    held = known or system()
    return verify_call(headers, find_system=lambda asked: held if asked == held.system_id else None, now=NOW)


def replaced(headers: Headers, name: str, value: str) -> Headers:
    assert any(key == name for key, _ in headers)
    return [(key, value if key == name else held) for key, held in headers]


@pytest.mark.parametrize("name", WHOLE)
def test_every_captured_call_is_verified(name: str) -> None:
    call = verified(captured(name).headers)

    assert call.system.client_id == "province-28"
    assert call.parameter("systemid") == SYSTEM_ID


def test_destroyed_characters_are_told_apart_from_a_wrong_secret() -> None:
    with pytest.raises(HeaderNotASCII, match="XroadVnpt-description"):
        verified(captured(DESTROYED).headers)


def test_a_client_of_the_tests_writes_the_same_bytes_as_the_sdk() -> None:
    given = dict(captured(DESTROYED).headers)
    client = SDKClient(timestamp=given["XroadVnpt-timestamp"])
    client.kept = {name: given[f"XroadVnpt-{name}"] for name in given["XroadVnpt-sign-header-key"].split(";")}

    made = dict(client.headers({"description": "Từ chối: sai thẩm quyền"}))

    assert made == {name: given[name] for name in made}


def test_parameters_of_earlier_calls_come_along() -> None:
    client = SDKClient()
    client.headers({"from": "000.00.00.H28", "description": "a"})

    call = verified(client.headers({"docId": "doc-1"}))

    assert (call.parameter("docId"), call.parameter("from")) == ("doc-1", "000.00.00.H28")


def test_of_two_spellings_the_one_that_is_asked_for_counts() -> None:
    client = SDKClient()
    client.headers({"docId": "of-an-earlier-call"})

    call = verified(client.headers({"docid": "of-this-call"}))

    assert (call.parameter("docid"), call.parameter("docId")) == ("of-this-call", "of-an-earlier-call")


def test_a_name_may_arrive_in_any_case() -> None:
    headers = [(name.lower(), value) for name, value in captured("updateStatus").headers]

    assert verified(headers).parameter("status") == "done"


def test_during_a_rotation_both_secrets_are_good() -> None:
    known = system(secret("old", days_to=1), secret("new", days_from=-1))

    for value in ("old", "new"):
        assert verified(SDKClient(secret=value).headers({}), known).system is known


@pytest.mark.parametrize(
    "known",
    [
        system(secret(days_to=-1)),
        system(secret(days_from=1)),
        system(secret("another")),
        System(system_id="other", client_id="c", agency=AgencyCode("H28"), secrets=(secret(),)),
    ],
    ids=["lapsed-secret", "secret-of-tomorrow", "wrong-secret", "unknown-system"],
)
def test_whoever_is_not_known_gets_one_and_the_same_sentence(known: System) -> None:
    with pytest.raises(CallRefused) as refused:
        verified(captured("updateStatus").headers, known)

    assert refused.value.detail == "The system id is unknown or switched off here, or its secret is another one."


def test_a_system_with_no_secret_is_not_open_to_the_empty_one() -> None:
    known = System(system_id=SYSTEM_ID, client_id="c", agency=AgencyCode("H28"), secrets=())

    for value in ("", "nobody's"):
        with pytest.raises(CallRefused):
            verified(SDKClient(secret=value).headers({}), known)


@pytest.mark.parametrize("name", ["XroadVnpt-docId", "XroadVnpt-status", "XroadVnpt-Content-Type"])
def test_altered_header_beside_the_signed_text_is_refused(name: str) -> None:
    with pytest.raises(CallMalformed, match="not the one that was signed"):
        verified(replaced(captured("updateStatus").headers, name, "altered"))


def test_altered_signed_text_is_refused() -> None:
    given = captured("updateStatus").headers
    text = dict(given)["XroadVnpt-sign-header"].replace('"done"', '"fail"')

    with pytest.raises(CallRefused):
        verified(replaced(given, "XroadVnpt-sign-header", text))


def test_added_parameter_that_was_not_signed_is_not_read() -> None:
    headers = [*captured("updateStatus").headers, ("XroadVnpt-description", "added on the way")]

    assert verified(headers).parameter("description") == ""


def test_second_header_of_a_name_cannot_change_what_is_read() -> None:
    headers = [("XroadVnpt-docId", "doc-2"), *captured("updateStatus").headers]

    assert verified(headers).parameter("docId") == "doc-1"


@pytest.mark.parametrize("name", ["sign-header", "sign-header-key", "hash-header", "systemid"])
def test_doubled_header_about_the_signature_is_refused(name: str) -> None:
    headers = [*captured("updateStatus").headers, (f"XroadVnpt-{name}", "x")]

    with pytest.raises(CallMalformed, match="2 times"):
        verified(headers)


def test_system_that_signs_for_another_id_is_refused() -> None:
    text = json.dumps({"XroadVnpt-systemid": "system.province-99"}, separators=(",", ":"))
    headers = _signed_text(text, names="systemid")

    with pytest.raises(CallMalformed):
        verified(headers)


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "{}",
        '"text"',
        "{" * 5000,
        '{"XroadVnpt-a":{}}',
        '{"XroadVnpt-a":null}',
        '{"a":"x"}',
        '{"XroadVnpt-a":"1","XroadVnpt-a":"2"}',
    ],
)
def test_signed_text_of_another_form_is_refused(text: str) -> None:
    with pytest.raises(CallMalformed):
        verified(_signed_text(text, names="a"))


def test_names_that_the_list_leaves_out_are_refused() -> None:
    headers = replaced(captured("updateStatus").headers, "XroadVnpt-sign-header-key", "systemid;docId;timestamp")

    with pytest.raises(CallMalformed, match="different parameters"):
        verified(headers)


def test_flood_of_headers_is_refused() -> None:
    headers = [*captured("updateStatus").headers, *((f"XroadVnpt-x{n}", "") for n in range(64))]

    with pytest.raises(CallMalformed, match="more than 64"):
        verified(headers)


def test_endless_signed_text_is_refused_before_it_is_hashed() -> None:
    with pytest.raises(CallMalformed, match="at most 65536"):
        verified(replaced(captured("updateStatus").headers, "XroadVnpt-sign-header", "x" * 65_537))


def _signed_text(text: str, *, names: str) -> Headers:
    mac = hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).hexdigest()
    own = {"systemid": SYSTEM_ID, "sign-header": text, "sign-header-key": names, "hash-header": mac, "a": "x"}
    return [(f"XroadVnpt-{name}", value) for name, value in own.items()]
