"""Where each element of an edXML package stands in the answer of ``GET /v1/documents/{id}``. Written by hand."""

from collections.abc import Iterator
from typing import Any, Final

from lxml import etree

_ORGAN: Final = {
    "OrganId": "organ_id",
    "OrganizationInCharge": "organization_in_charge",
    "OrganName": "organ_name",
    "OrganAdd": "organ_add",
    "Email": "email",
    "Telephone": "telephone",
    "Fax": "fax",
    "Website": "website",
}
_STAFF: Final = {"Department": "department", "Staff": "staff", "Email": "email", "Mobile": "mobile"}
_RESPONSE: Final = {
    "OrganId": "organ_id",
    "Code": "code",
    "DocumentId": "document_id",
    "PromulgationDate": "promulgation_date",
}
_INFO: Final = "business.document_infos.{BussinessDocumentInfo}"
_REPLACED: Final = "business.replacement_infos.{ReplacementInfo}"


def _below(element: str, place: str, members: dict[str, str]) -> dict[str, str]:
    return {f"{element}/{name}": f"{place}.{key}" for name, key in members.items()}


DOCUMENT: Final = {
    **_below("From", "header.from", _ORGAN),
    **_below("To", "header.to.{To}", _ORGAN),
    "DocumentId": "header.document_id",
    "Code/CodeNumber": "header.code.code_number",
    "Code/CodeNotation": "header.code.code_notation",
    "PromulgationInfo/Place": "header.promulgation_info.place",
    "PromulgationInfo/PromulgationDate": "header.promulgation_info.promulgation_date",
    "DocumentType/Type": "header.document_type.type",
    "DocumentType/TypeDetail": "header.document_type.type_detail",
    "DocumentType/TypeName": "header.document_type.type_name",
    "Subject": "header.subject",
    "Content": "header.content",
    "SignerInfo/Competence": "header.signer_info.competence",
    "SignerInfo/Position": "header.signer_info.position",
    "SignerInfo/FullName": "header.signer_info.full_name",
    "DueDate": "header.due_date",
    "OtherInfo/Priority": "header.other_info.priority",
    "OtherInfo/SphereOfPromulgation": "header.other_info.sphere_of_promulgation",
    "OtherInfo/TyperNotation": "header.other_info.typer_notation",
    "OtherInfo/PromulgationAmount": "header.other_info.promulgation_amount",
    "OtherInfo/PageAmount": "header.other_info.page_amount",
    "OtherInfo/ReplyFors": "header.other_info.reply_fors.{ReplyFors}",
    "OtherInfo/Direction": "header.other_info.direction",
    "OtherInfo/ReferenceCodes": "header.other_info.reference_codes",
    "OtherInfo/Appendixes/Appendix": "header.other_info.appendixes.{Appendix}",
    **_below("ResponseFor", "header.response_for.{ResponseFor}", _RESPONSE),
    "SteeringType": "header.steering_type",
    "ResponseForTask/TaskCode": "header.response_for_task.{TaskCode}",
    "ApplicationType": "header.application_type",
    "ToPlaces/Place": "header.to_places.{Place}",
}
"""Of a document: elements of MessageHeader. ``{Name}`` is the number of that element among its equals."""
STATUS: Final = {
    **_below("From", "header.from", _ORGAN),
    **_below("ResponseFor", "header.response_for", _RESPONSE),
    **_below("StaffInfo", "header.staff_info", _STAFF),
    "StatusCode": "header.status_code",
    "Description": "header.description",
    "Timestamp": "header.timestamp",
}
"""Of a status: elements of MessageHeader."""
TRACE: Final = {
    "TraceHeader/OrganId": "header.trace.{TraceHeader}.organ_id",
    "TraceHeader/Timestamp": "header.trace.{TraceHeader}.timestamp",
    "Bussiness/DocumentId": "header.business.document_id",
    "Bussiness/BussinessDocType": "header.business.business_type",
    "Bussiness/BussinessDocReason": "header.business.reason",
    "Bussiness/Paper": "header.business.paper",
    "Bussiness/BussinessDocumentInfo/DocumentInfo": f"header.{_INFO}.document_info",
    "Bussiness/BussinessDocumentInfo/DocumentReceiver": f"header.{_INFO}.document_receiver",
    "Bussiness/BussinessDocumentInfo/ReceiverList/Receiver/OrganId": f"header.{_INFO}.receivers.{{Receiver}}.organ_id",
    "Bussiness/BussinessDocumentInfo/ReceiverList/Receiver/ReceiverType": (
        f"header.{_INFO}.receivers.{{Receiver}}.receiver_type"
    ),
    "Bussiness/ReplacementInfoList/ReplacementInfo/DocumentId": f"header.{_REPLACED}.document_id",
    "Bussiness/ReplacementInfoList/ReplacementInfo/OrganIdList/OrganId": f"header.{_REPLACED}.organ_ids.{{OrganId}}",
    **_below("Bussiness/StaffInfo", "header.business.staff_infos.{StaffInfo}", _STAFF),
}
"""Elements of TraceHeaderList."""
MANIFEST: Final = {
    "Reference/ContentId": "references.{Reference}.content_id",
    "Reference/ContentType": "references.{Reference}.content_type",
    "Reference/Description": "references.{Reference}.description",
    "Reference/AttachmentName": "references.{Reference}.attachment_name",
}
"""Elements of edXMLManifest."""
ATTACHMENTS: Final = {
    "Attachment/ContentId": "attachments.{Attachment}.content_id",
    "Attachment/ContentType": "attachments.{Attachment}.declared_content_type",
    "Attachment/Description": "attachments.{Attachment}.description",
    "Attachment/AttachmentName": "attachments.{Attachment}.name",
}
"""Elements of AttachmentEncoded; the file itself is downloaded."""


def stated(package: bytes) -> Iterator[tuple[str, str, str]]:
    """Every text of a package: its element's path, its place in the answer, the text. Read by lxml.

    An element that stands in none of the tables is a LookupError: nothing is passed over.
    """
    root = etree.fromstring(package)
    header = _only(root, "MessageHeader")
    is_status = any(_name(element) == "StatusCode" for element in header)
    yield from _texts(header, STATUS if is_status else DOCUMENT)
    for name, table in (("TraceHeaderList", TRACE), ("edXMLManifest", MANIFEST), ("AttachmentEncoded", ATTACHMENTS)):
        if root.find(f".//{{*}}{name}") is not None:
            yield from _texts(_only(root, name), table)


def at(answer: Any, place: str) -> str | None:
    """What stands at ``place``, as an edXML package would write it; None: nothing does."""
    for step in place.split("."):
        try:
            answer = answer[int(step)] if isinstance(answer, list) else answer[step]
        except (LookupError, TypeError):
            return None
    return str(answer).lower() if isinstance(answer, bool) else str(answer)


def _texts(container: etree._Element, table: dict[str, str]) -> Iterator[tuple[str, str, str]]:
    for element in container.iter(etree.Element):
        text = (element.text or "").strip()
        if len(element) or not text or _name(element) == "ContentTransferEncoded":
            continue
        steps = [*reversed([one for one in element.iterancestors() if container in one.iterancestors()]), element]
        path = "/".join(map(_name, steps))
        yield path, table[path].format(**{_name(step): _number(step) for step in steps}), text


def _number(element: etree._Element) -> int:
    """How many elements of the same name that say something stand before it."""
    before = element.itersiblings(element.tag, preceding=True)
    return len([one for one in before if "".join(map(str, one.itertext())).strip()])


def _only(root: etree._Element, name: str) -> etree._Element:
    [found] = root.findall(f".//{{*}}{name}")
    return found


def _name(element: etree._Element) -> str:
    return etree.QName(element).localname
