"""Headers as XML text, in the Java dialect and its writing order, with the literal prefix that receivers search for."""

from collections.abc import Iterable
from xml.sax.saxutils import escape

from lienthong.shared.edxml.model import (
    Business,
    BusinessDocumentInfo,
    DocumentHeader,
    Organ,
    OtherInfo,
    ReplacementInfo,
    ResponseFor,
    StaffInfo,
    StatusHeader,
)

_REFERENCES = {"\r": "&#13;"}


def text(name: str, value: object) -> str:
    """One element with text."""
    shown = str(value).lower() if isinstance(value, bool) else str(value)
    return f"<edXML:{name}>{escape(shown, _REFERENCES)}</edXML:{name}>"


def optional(name: str, value: object) -> str:
    """One element with text; nothing if there is nothing to say."""
    return "" if value is None or value == "" else text(name, value)


def group(name: str, content: str | Iterable[str], *, part_id: str = "") -> str:
    """One element that holds others, with an ``Id`` if a signature shall name it."""
    joined = content if isinstance(content, str) else "".join(content)
    identified = f' Id="{part_id}"' if part_id else ""
    return f"<edXML:{name}{identified}>{joined}</edXML:{name}>" if joined else f"<edXML:{name}{identified}/>"


def optional_group(name: str, content: Iterable[str]) -> str:
    """One element that holds others; nothing if it would be empty."""
    joined = "".join(content)
    return group(name, joined) if joined else ""


def document_header(header: DocumentHeader, *, with_ids: bool) -> str:
    """``edXMLHeader`` of a document."""
    business = group("Bussiness", _business(header.business), part_id="Bussiness" if with_ids else "")
    trace = "".join(
        group("TraceHeader", (optional("OrganId", entry.organ_id), text("Timestamp", entry.timestamp)))
        for entry in header.trace
    )
    message = group("MessageHeader", _message(header), part_id="MessageHeader" if with_ids else "")
    return group("edXMLHeader", message + group("TraceHeaderList", trace + business))


def status_header(header: StatusHeader, *, with_ids: bool) -> str:
    """``edXMLHeader`` of a status message."""
    answered, staff = header.response_for, header.staff_info
    message = (
        _organ("From", header.from_),
        group(
            "ResponseFor",
            (
                text("OrganId", answered.organ_id),
                optional("Code", answered.code),
                optional("PromulgationDate", answered.promulgation_date),
                optional("DocumentId", answered.document_id),
            ),
        ),
        "" if staff is None else _staff(staff),
        text("StatusCode", header.status_code.value),
        text("Description", header.description),
        text("Timestamp", header.timestamp),
    )
    return group("edXMLHeader", group("MessageHeader", message, part_id="MessageHeader" if with_ids else ""))


def _message(header: DocumentHeader) -> Iterable[str]:
    yield _organ("From", header.from_)
    for organ in header.to:
        yield _organ("To", organ)
    yield text("DocumentId", header.document_id)
    code, place, kind = header.code, header.promulgation_info, header.document_type
    yield group("Code", (text("CodeNumber", code.code_number), text("CodeNotation", code.code_notation)))
    yield group("PromulgationInfo", (text("Place", place.place), text("PromulgationDate", place.promulgation_date)))
    yield group(
        "DocumentType",
        (optional("Type", kind.type), optional("TypeDetail", kind.type_detail), text("TypeName", kind.type_name)),
    )
    yield text("Subject", header.subject)
    yield text("Content", header.content)
    yield from _after_content(header)


def _after_content(header: DocumentHeader) -> Iterable[str]:
    if (signer := header.signer_info) is not None:
        members = {"Competence": signer.competence, "Position": signer.position, "FullName": signer.full_name}
        yield group("SignerInfo", (optional(name, value) for name, value in members.items()))
    yield optional("DueDate", header.due_date)
    if header.other_info is not None:
        yield _other(header.other_info)
    for response in header.response_for or (ResponseFor(),):
        yield _response(response)
    yield optional("SteeringType", header.steering_type)
    yield optional_group("ResponseForTask", (text("TaskCode", code) for code in header.response_for_task))
    yield optional("ApplicationType", header.application_type)
    yield optional_group("ToPlaces", (text("Place", place) for place in header.to_places))


def _organ(name: str, organ: Organ) -> str:
    members = {
        "OrganId": organ.organ_id,
        "OrganizationInCharge": organ.organization_in_charge,
        "OrganName": organ.organ_name,
        "OrganAdd": organ.organ_add,
        "Email": organ.email,
        "Telephone": organ.telephone,
        "Fax": organ.fax,
        "Website": organ.website,
    }
    return group(name, (optional(member, value) for member, value in members.items()))


def _other(other: OtherInfo) -> str:
    return group(
        "OtherInfo",
        (
            text("Priority", other.priority),
            optional("SphereOfPromulgation", other.sphere_of_promulgation),
            optional("TyperNotation", other.typer_notation),
            optional("PromulgationAmount", other.promulgation_amount),
            optional("PageAmount", other.page_amount),
            *(text("ReplyFors", reply) for reply in other.reply_fors),
            optional("Direction", other.direction),
            optional("ReferenceCodes", other.reference_codes),
            optional_group("Appendixes", (text("Appendix", appendix) for appendix in other.appendixes)),
        ),
    )


def _response(response: ResponseFor) -> str:
    return group(
        "ResponseFor",
        (
            optional("OrganId", response.organ_id),
            optional("Code", response.code),
            optional("DocumentId", response.document_id),
            optional("PromulgationDate", response.promulgation_date),
        ),
    )


def _business(business: Business) -> Iterable[str]:
    yield optional("DocumentId", business.document_id)
    yield text("BussinessDocType", business.business_type.value)
    yield text("BussinessDocReason", business.reason)
    yield optional("Paper", business.paper)
    for info in business.document_infos:
        yield _document_info(info)
    yield optional_group("ReplacementInfoList", map(_replacement, business.replacement_infos))
    yield from map(_staff, business.staff_infos)


def _document_info(info: BusinessDocumentInfo) -> str:
    receivers = (
        group("Receiver", (text("OrganId", receiver.organ_id), optional("ReceiverType", receiver.receiver_type)))
        for receiver in info.receivers
    )
    return group(
        "BussinessDocumentInfo",
        (
            optional("DocumentInfo", info.document_info),
            optional("DocumentReceiver", info.document_receiver),
            optional_group("ReceiverList", receivers),
        ),
    )


def _replacement(info: ReplacementInfo) -> str:
    organs = group("OrganIdList", (text("OrganId", organ_id) for organ_id in info.organ_ids))
    return group("ReplacementInfo", text("DocumentId", info.document_id) + organs)


def _staff(staff: StaffInfo) -> str:
    return group(
        "StaffInfo",
        (
            text("Department", staff.department),
            text("Staff", staff.staff),
            text("Email", staff.email),
            text("Mobile", staff.mobile),
        ),
    )
