"""What a header must say before it is sent: strict, where reading is lenient. Source: QCVN 102:2016/BTTTT.

Lengths of texts are those of receiving systems (500 for subject and content, 50 for notations, 200 for names, 250 for
addresses): longer ones are cut or refused there.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime

from lienthong.shared.edxml.errors import NotWritable
from lienthong.shared.edxml.limits import LIMITS
from lienthong.shared.edxml.model import Business, BusinessType, DocumentHeader, Organ, ResponseFor, StatusHeader
from lienthong.shared.identifiers import MAX_CODE_LENGTH

DATE_FORMAT = "%Y/%m/%d"
TIMESTAMP_FORMAT = "%Y/%m/%d %H:%M:%S"
_SUBJECT, _NOTATION, _NAME, _ADDRESS, _REASON = 500, 50, 200, 250, 1000
_DATE = re.compile(r"\d{4}/\d{2}/\d{2}")
_TIMESTAMP = re.compile(r"\d{4}/\d{2}/\d{2} \d{2}:\d{2}:\d{2}")
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_MAX_PROBLEMS = 50

Problems = Iterator[tuple[str, str]]
"""Path of a member and what to do about it."""


def check_document(header: DocumentHeader) -> None:
    """Raises :class:`NotWritable` with every rule that the header breaks, in ``facts["fields"]``."""
    _raise_any(_document_problems(header))


def check_status(header: StatusHeader) -> None:
    """Raises :class:`NotWritable` with every rule that the header breaks, in ``facts["fields"]``."""
    _raise_any(_status_problems(header))


def check_names(names: Sequence[str]) -> None:
    """Raises :class:`NotWritable` for names of attachments that are no plain file names."""
    _raise_any(_name_problems(names))


def xml_text(text: str) -> bool:
    """Whether XML 1.0 can hold the text."""
    return _NOT_XML.search(text) is None


def _raise_any(problems: Problems) -> None:
    fields = [
        {"path": path, "problem": problem} for _, (path, problem) in zip(range(_MAX_PROBLEMS), problems, strict=False)
    ]
    if fields:
        first = fields[0]
        raise NotWritable(f"{first['path']}: {first['problem']}", facts={"fields": fields})


def _document_problems(header: DocumentHeader) -> Problems:
    yield from _organ("From", header.from_)
    if not 1 <= len(header.to) <= LIMITS.recipients:
        yield "To", f"name 1 to {LIMITS.recipients} recipients"
    for n, organ in enumerate(header.to, 1):
        yield from _organ(f"To[{n}]", organ)
    yield from _text("DocumentId", header.document_id, LIMITS.document_id)
    yield from _text("Code/CodeNumber", header.code.code_number, _NOTATION)
    yield from _text("Code/CodeNotation", header.code.code_notation, _NOTATION)
    yield from _text("PromulgationInfo/Place", header.promulgation_info.place, _NAME)
    yield from _date("PromulgationInfo/PromulgationDate", header.promulgation_info.promulgation_date)
    if header.document_type.type is None:
        yield "DocumentType/Type", "write the number of the type"
    yield from _text("DocumentType/TypeName", header.document_type.type_name, _NAME)
    yield from _text("Subject", header.subject, _SUBJECT)
    yield from _optional("Content", header.content, _SUBJECT)
    if header.due_date:
        yield from _date("DueDate", header.due_date)
    if header.signer_info is not None:
        yield from _text("SignerInfo/FullName", header.signer_info.full_name, _NAME)
    yield from _others(header)
    yield from _business(header.business)


def _others(header: DocumentHeader) -> Problems:
    if header.other_info is not None and not 0 <= header.other_info.priority <= 4:
        yield "OtherInfo/Priority", "write 0 to 4"
    for n, response in enumerate(header.response_for, 1):
        yield from _response(f"ResponseFor[{n}]", response)
    for n, trace in enumerate(header.trace, 1):
        yield from _timestamp(f"TraceHeader[{n}]/Timestamp", trace.timestamp)
    if not _all_xml(header.model_dump()):
        yield "MessageHeader", "leave out control characters: XML cannot hold them"


def _all_xml(value: object) -> bool:
    match value:
        case str():
            return xml_text(value)
        case dict():
            return all(map(_all_xml, value.values()))
        case list() | tuple():
            return all(map(_all_xml, value))
        case _:
            return True


def _business(business: Business) -> Problems:
    match business.business_type:
        case BusinessType.RECALL if business.document_id:
            yield "Bussiness/DocumentId", "leave it out of a recall: MessageHeader/DocumentId names the document"
        case BusinessType.UPDATE if not business.document_id:
            yield "Bussiness/DocumentId", "name the document that is updated"
        case BusinessType.REPLACE if not business.replacement_infos:
            yield "Bussiness/ReplacementInfoList", "name the documents that are replaced"
    for n, info in enumerate(business.replacement_infos, 1):
        yield from _text(f"ReplacementInfo[{n}]/DocumentId", info.document_id, LIMITS.document_id)
    for n, document_info in enumerate(business.document_infos, 1):
        for m, receiver in enumerate(document_info.receivers, 1):
            yield from _text(f"BussinessDocumentInfo[{n}]/Receiver[{m}]/OrganId", receiver.organ_id, MAX_CODE_LENGTH)
            if receiver.receiver_type not in {0, 1}:
                yield f"BussinessDocumentInfo[{n}]/Receiver[{m}]/ReceiverType", "write 0 (removed) or 1 (added)"


def _status_problems(header: StatusHeader) -> Problems:
    yield from _organ("From", header.from_)
    yield from _response("ResponseFor", header.response_for)
    yield from _text("ResponseFor/DocumentId", header.response_for.document_id, LIMITS.document_id)
    yield from _optional("Description", header.description, _REASON)
    yield from _timestamp("Timestamp", header.timestamp)
    if not _all_xml(header.model_dump()):
        yield "MessageHeader", "leave out control characters: XML cannot hold them"


def _organ(path: str, organ: Organ) -> Problems:
    yield from _text(f"{path}/OrganId", organ.organ_id, MAX_CODE_LENGTH)
    yield from _text(f"{path}/OrganName", organ.organ_name, _NAME)
    yield from _optional(f"{path}/OrganizationInCharge", organ.organization_in_charge, _NAME)
    yield from _optional(f"{path}/OrganAdd", organ.organ_add, _ADDRESS)


def _response(path: str, response: ResponseFor) -> Problems:
    yield from _text(f"{path}/OrganId", response.organ_id, MAX_CODE_LENGTH)
    yield from _optional(f"{path}/DocumentId", response.document_id, LIMITS.document_id)
    if response.promulgation_date:
        yield from _date(f"{path}/PromulgationDate", response.promulgation_date)


def _text(path: str, text: str, limit: int) -> Problems:
    if not text.strip():
        yield path, "write it: it is required"
    yield from _optional(path, text, limit)


def _optional(path: str, text: str, limit: int) -> Problems:
    if len(text) > limit:
        yield path, f"shorten it to {limit} characters"


def _date(path: str, text: str) -> Problems:
    if not (_DATE.fullmatch(text) and _parses(text, DATE_FORMAT)):
        yield path, "write the date as yyyy/MM/dd"


def _timestamp(path: str, text: str) -> Problems:
    if not (_TIMESTAMP.fullmatch(text) and _parses(text, TIMESTAMP_FORMAT)):
        yield path, "write the time as yyyy/MM/dd HH:mm:ss"


def _parses(text: str, form: str) -> bool:
    try:
        datetime.strptime(text, form)  # noqa: DTZ007 - only whether the day exists
    except ValueError:
        return False
    return True


def _name_problems(names: Sequence[str]) -> Problems:
    if len(names) > LIMITS.attachments:
        yield "AttachmentEncoded", f"send at most {LIMITS.attachments} attachments"
    for n, name in enumerate(names, 1):
        path = f"Attachment[{n}]/AttachmentName"
        yield from _text(path, name, LIMITS.name)
        if name != name.strip() or name in {".", ".."} or re.search(r"[/\\\x00-\x1f\x7f]", name) or not xml_text(name):
            yield path, "write a plain file name, without folders or control characters"
