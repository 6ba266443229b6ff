from datetime import timedelta

from lienthong.sdk import ClientOptions

OPTIONS = ClientOptions(first_pause=timedelta(seconds=1), longest_pause=timedelta(seconds=10))


def test_pauses_double_up_to_the_longest() -> None:
    pauses = [OPTIONS.pause_s(failures) for failures in range(1, 8)]

    for pause, full in zip(pauses, [1, 2, 4, 8, 10, 10, 10], strict=True):
        assert full / 2 <= pause <= full


def test_service_decides_the_pause_within_the_longest() -> None:
    assert OPTIONS.pause_s(1, retry_after="3") == 3
    assert OPTIONS.pause_s(1, retry_after="3600") == 10


def test_retry_after_that_is_no_number_is_not_believed() -> None:
    assert OPTIONS.pause_s(1, retry_after="Wed, 21 Oct 2026 07:28:00 GMT") <= 1
