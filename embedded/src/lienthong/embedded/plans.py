"""The documents of the story. Agencies are real, persons and contents invented."""

from collections.abc import Sequence
from dataclasses import replace

from lienthong.embedded.actors import Plan
from lienthong.sdk.composing import Letter
from lienthong.shared.edxml.model import BusinessStatus

_REPORT = (BusinessStatus.ARRIVED, BusinessStatus.RECEIVED)
_PETITION = (*_REPORT, BusinessStatus.IN_PROGRESS, BusinessStatus.COMPLETED)
_DIRECTIVE = (BusinessStatus.RECEIVED, BusinessStatus.COMPLETED)
_REFUSED = (BusinessStatus.ARRIVED, BusinessStatus.REFUSED)
REFUSAL = "Từ chối: sai thẩm quyền"


def plans(run: int) -> Sequence[Plan]:
    """The documents of the ``run``-th telling, so that numbers do not repeat."""
    return (
        _plan(
            "H28.31.05",
            ("H28.31",),
            Letter(
                subject="Báo cáo tình hình chuyển đổi số quý III của xã Hang Kia",
                number=f"{run}1",
                notation="BC-UBND",
                type_name="Báo cáo",
                place="Hang Kia",
            ),
            answers=_REPORT,
        ),
        _plan(
            "H28.31",
            ("H28",),
            Letter(
                subject="Báo cáo tổng hợp tình hình chuyển đổi số huyện Mai Châu",
                number=f"{run}2",
                notation="BC-UBND",
                type_name="Báo cáo",
                place="Mai Châu",
            ),
            answers=_REPORT,
            remote=True,
        ),
        _plan(
            "H28",
            ("G22",),
            Letter(
                subject="Báo cáo kết quả chuyển đổi số tỉnh Hòa Bình",
                number=f"{run}3",
                notation="BC-UBND",
                type_name="Báo cáo",
                place="Hòa Bình",
                priority=1,
            ),
            answers=_REPORT,
        ),
        _plan(
            "H28.31.05",
            ("G22",),
            Letter(
                subject="Kiến nghị hỗ trợ hạ tầng mạng cho xã Hang Kia",
                number=f"{run}4",
                notation="CV-UBND",
                place="Hang Kia",
            ),
            answers=_PETITION,
        ),
        _plan(
            "G22",
            ("H28", "H28.31", "H28.31.05"),
            Letter(
                subject="Chỉ thị về đẩy mạnh gửi, nhận văn bản điện tử",
                number=f"{run}5",
                notation="CT-VPCP",
                type_name="Chỉ thị",
                place="Hà Nội",
                priority=2,
            ),
            answers=_DIRECTIVE,
        ),
        _plan(
            "H28.31",
            ("G22",),
            Letter(
                subject="Tờ trình đề nghị phê duyệt sửa chữa đường liên xã",
                number=f"{run}6",
                notation="TTr-UBND",
                type_name="Tờ trình",
                place="Mai Châu",
            ),
            answers=_REFUSED,
        ),
    )


def _plan(
    sender: str,
    recipients: tuple[str, ...],
    letter: Letter,
    *,
    answers: tuple[BusinessStatus, ...],
    remote: bool = False,
) -> Plan:
    lines = (
        f"Số: {letter.number}/{letter.notation}",
        f"Nơi ban hành: {letter.place}",
        f"Kính gửi: {', '.join(recipients)}",
        "",
        "Đây là văn bản thử nghiệm của nền tảng Liên Thông.",
        "Mọi nội dung và tên người trong văn bản đều là hư cấu.",
    )
    signed = replace(
        letter,
        competence="TM. UBND" if sender != "G22" else "KT. Bộ trưởng",
        position="Chủ tịch" if sender != "G22" else "Thứ trưởng",
        signer="Người Ký Thử",
    )
    return Plan(sender=sender, recipients=recipients, letter=signed, lines=lines, answers=answers, remote=remote)
