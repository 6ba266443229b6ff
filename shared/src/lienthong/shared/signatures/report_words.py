"""What a report says, in plain words of two languages. Checks' details stay as they are: in English."""

from enum import StrEnum
from typing import Final

from lienthong.shared.signatures.findings import Rule
from lienthong.shared.signatures.report import Indication, PackageSignature, Proof, SignatureKind, SubIndication


class Language(StrEnum):
    """A language that reports are written in."""

    VI = "vi"
    EN = "en"


Words = dict[Language, str]


def _words(vi: str, en: str) -> Words:
    return {Language.VI: vi, Language.EN: en}


INDICATIONS: Final[dict[Indication | None, Words]] = {
    Indication.TOTAL_PASSED: _words("Hợp lệ", "Valid"),
    Indication.INDETERMINATE: _words("Chưa kết luận được", "Not proven"),
    Indication.TOTAL_FAILED: _words("Không hợp lệ", "Not valid"),
    None: _words("Không có chữ ký", "Nothing is signed"),
}
SENTENCES: Final[dict[Indication | None, Words]] = {
    Indication.TOTAL_PASSED: _words(
        "Mọi chữ ký đều hợp lệ. Nội dung đã ký không bị thay đổi.",
        "Every signature holds. What was signed has not been changed.",
    ),
    Indication.INDETERMINATE: _words(
        "Ít nhất một chữ ký chưa chứng minh được. Không được coi là hợp lệ cho đến khi nguyên nhân được làm rõ.",
        "At least one signature is not proven. Do not rely on it until the reason is settled.",
    ),
    Indication.TOTAL_FAILED: _words(
        "Ít nhất một chữ ký không hợp lệ. Không được tin vào tệp này.",
        "At least one signature is not valid. Do not rely on this file.",
    ),
    None: _words(
        "Không tìm thấy chữ ký nào. Không có gì chứng minh ai đã lập tệp này.",
        "There is no signature. Nothing proves who made this file.",
    ),
}
REASONS: Final[dict[SubIndication, Words]] = {
    SubIndication.FORMAT_FAILURE: _words(
        "Tệp hoặc chữ ký không đọc được theo chuẩn.", "The file or the signature cannot be read as its standard asks."
    ),
    SubIndication.HASH_FAILURE: _words(
        "Nội dung đã bị thay đổi sau khi ký.", "The content was changed after it was signed."
    ),
    SubIndication.SIG_CRYPTO_FAILURE: _words(
        "Giá trị chữ ký không phải của chứng thư này.", "The signature value is not that of this certificate."
    ),
    SubIndication.REVOKED: _words(
        "Chứng thư đã bị thu hồi trước khi ký.", "The certificate was revoked before the signature was made."
    ),
    SubIndication.EXPIRED: _words("Chứng thư đã hết hạn khi ký.", "The certificate had expired when it signed."),
    SubIndication.NOT_YET_VALID: _words(
        "Chứng thư chưa có hiệu lực khi ký.", "The certificate was not yet valid when it signed."
    ),
    SubIndication.SIG_CONSTRAINTS_FAILURE: _words(
        "Chữ ký trái với một quy tắc bắt buộc.", "The signature breaks a rule that it must keep."
    ),
    SubIndication.CHAIN_CONSTRAINTS_FAILURE: _words(
        "Chứng thư không được dùng cho việc này.", "The certificate is not for this purpose."
    ),
    SubIndication.CERTIFICATE_CHAIN_GENERAL_FAILURE: _words(
        "Chuỗi chứng thư có lỗi.", "Something is wrong with the chain of certificates."
    ),
    SubIndication.CRYPTO_CONSTRAINTS_FAILURE: _words(
        "Thuật toán hoặc khoá quá yếu.", "An algorithm or a key is too weak."
    ),
    SubIndication.NO_SIGNING_CERTIFICATE_FOUND: _words(
        "Không tìm thấy chứng thư của người ký.", "The signer's certificate was not found."
    ),
    SubIndication.NO_CERTIFICATE_CHAIN_FOUND: _words(
        "Không biết tổ chức nào đã cấp chứng thư này.", "The issuer of the certificate is not known or not trusted."
    ),
    SubIndication.REVOKED_NO_POE: _words(
        "Chứng thư đã bị thu hồi, và không có gì chứng minh chữ ký có trước đó.",
        "The certificate was revoked, and nothing proves that the signature is older.",
    ),
    SubIndication.OUT_OF_BOUNDS_NO_POE: _words(
        "Chứng thư đã hết hạn hoặc chưa có hiệu lực, và không có gì chứng minh chữ ký có trong thời hạn.",
        "The certificate is out of its validity, and nothing proves that the signature was made within it.",
    ),
    SubIndication.SIGNED_DATA_NOT_FOUND: _words(
        "Thiếu nội dung mà chữ ký nói đến.", "What the signature is over is missing."
    ),
    SubIndication.TRY_LATER: _words(
        "Chưa có thông tin thu hồi mới; hãy kiểm tra lại sau.",
        "No fresh revocation data is at hand; check again later.",
    ),
    SubIndication.GENERIC: _words(
        "Không kiểm tra được chữ ký dạng này.", "A signature of this form cannot be checked."
    ),
}
RULES: Final[dict[str, Words]] = {
    Rule.FORMAT.value[0]: _words("Định dạng", "Format"),
    Rule.ALGORITHMS.value[0]: _words("Thuật toán", "Algorithms"),
    Rule.REFERENCES.value[0]: _words("Nội dung không thay đổi", "Content unchanged"),
    Rule.COVERAGE.value[0]: _words("Phạm vi được ký", "What is covered"),
    Rule.CHANGES.value[0]: _words("Thay đổi sau khi ký", "Changes after signing"),
    Rule.SIGNING_CERTIFICATE.value[0]: _words("Chứng thư của người ký", "Signing certificate"),
    Rule.VALUE.value[0]: _words("Giá trị chữ ký", "Signature value"),
    Rule.CHAIN.value[0]: _words("Chuỗi chứng thư", "Chain of certificates"),
    Rule.TIME.value[0]: _words("Thời điểm ký", "Signing time"),
    Rule.SENDER.value[0]: _words("Người ký là nơi gửi", "Signer is the sender"),
    Rule.REVOCATION.value[0]: _words("Thu hồi", "Revocation"),
    Rule.TIME_STAMP.value[0]: _words("Dấu thời gian", "Time stamp"),
}
KINDS: Final[dict[SignatureKind, Words]] = {
    SignatureKind.PADES: _words("Chữ ký trong tệp PDF", "Signature inside the PDF"),
    SignatureKind.XADES: _words("Chữ ký của gói edXML", "Signature of the edXML package"),
    SignatureKind.CADES: _words("Chữ ký CMS", "CMS signature"),
    SignatureKind.ASIC: _words("Chữ ký của gói ASiC-E", "Signature of the ASiC-E container"),
}
BESIDES: Final[dict[SignatureKind, Words]] = {
    SignatureKind.PADES: _words("mọi thứ bên ngoài tệp PDF này", "everything outside this PDF"),
    SignatureKind.XADES: _words(
        "dấu vết chuyển tiếp mà các nút ghi thêm (TraceHeaderList)", "the trail that relays add (TraceHeaderList)"
    ),
    SignatureKind.CADES: _words("tên của tệp", "the file's name"),
    SignatureKind.ASIC: _words(
        "thư mục META-INF của gói và dấu vết chuyển tiếp bên ngoài", "the container's META-INF and the trail outside it"
    ),
}
"""What a signature of that kind never covers."""
PROOFS: Final[dict[Proof, Words]] = {
    Proof.TIME_STAMP: _words("dấu thời gian của", "a time stamp of"),
    Proof.RECEIPT: _words(
        "chỉ có việc tệp được kiểm tra lúc đó; không có dấu thời gian",
        "only that the file was checked then; there is no time stamp",
    ),
}
PACKAGES: Final[dict[PackageSignature, Words]] = {
    PackageSignature.ABSENT: _words(
        "Gói không có chữ ký riêng: không có gì chứng minh ai đã lập gói và các phần thuộc về nhau.",
        "The package itself is not signed: nothing shows who wrote it, or that its parts belong together.",
    ),
    PackageSignature.UNVERIFIABLE: _words(
        "Chữ ký của gói không kiểm tra được.", "The package's own signature cannot be verified."
    ),
    PackageSignature.VALID: _words("Chữ ký của gói hợp lệ.", "The package's own signature is valid."),
    PackageSignature.INVALID: _words("Chữ ký của gói không hợp lệ.", "The package's own signature is not valid."),
}
PARTS: Final[dict[str, Words]] = {
    "MessageHeader": _words(
        "phần đầu: nơi gửi, nơi nhận, số, ký hiệu, trích yếu", "the header: sender, recipients, number, subject"
    ),
    "Bussiness": _words("loại nghiệp vụ (mới, thu hồi, cập nhật, thay thế)", "the kind of business (new, recall, …)"),
    "edXMLManifest": _words("danh mục tệp đính kèm", "the list of attachments"),
}
"""Elements of a package by their name."""
LABELS: Final[dict[str, Words]] = {
    "title": _words("Báo cáo kiểm tra chữ ký số", "Report on digital signatures"),
    "file": _words("Tệp", "File"),
    "checked": _words("Kiểm tra lúc", "Checked at"),
    "policy": _words("Chính sách", "Policy"),
    "package": _words("Gói", "Package"),
    "left out": _words("Chữ ký không in ở đây", "Signatures not shown here"),
    "document": _words("tài liệu", "the document"),
    "the package": _words("gói", "the package"),
    "attachment": _words("tệp đính kèm", "attachment"),
    "signer": _words("Người ký (theo chứng thư)", "Signer (as the certificate says)"),
    "unproven signer": _words("Người ký (tự xưng, chưa chứng minh)", "Signer (claimed, not proven)"),
    "agency": _words("Cơ quan", "Agency"),
    "level": _words("Dạng", "Form"),
    "claimed": _words("Người ký ghi thời điểm", "Time that the signer claims"),
    "proven": _words("Chứng minh đã có từ", "Proven to exist since"),
    "proven by": _words("Bằng chứng thời gian", "What proves the time"),
    "covered": _words("Đã được ký", "Signed"),
    "not covered": _words("KHÔNG được ký", "NOT signed"),
    "reason": _words("Nguyên nhân", "Reason"),
    "check": _words("Kiểm tra", "Check"),
    "clause": _words("Điều khoản", "Clause"),
    "result": _words("Kết quả", "Result"),
    "detail": _words("Chi tiết", "Detail"),
    "yes": _words("đạt", "passed"),
    "no": _words("không đạt", "failed"),
    "unknown": _words("không kiểm tra được", "not known"),
    "nothing": _words("không có", "nothing"),
    "revisions": _words("các phiên bản", "revisions"),
    "content": _words("nội dung của tệp", "the file's content"),
    "enclosed content": _words("nội dung nằm trong chữ ký", "the enclosed content"),
    "about": _words(
        "Kết luận theo ETSI EN 319 102-1. Chi tiết kỹ thuật ghi bằng tiếng Anh.",
        "Verdicts in the words of ETSI EN 319 102-1. Times are Vietnam's (UTC+7).",
    ),
}
