"""From the elements of a package to its header: lenient, with a warning for each leniency."""

from collections.abc import Iterable
from enum import Enum
from typing import TypeVar

from lienthong.shared.edxml.element_tree import Node
from lienthong.shared.edxml.errors import FieldMissing, ValueUnknown
from lienthong.shared.edxml.model import (
    Business,
    BusinessDocumentInfo,
    BusinessStatus,
    BusinessType,
    Code,
    DocumentHeader,
    DocumentType,
    Organ,
    OtherInfo,
    PromulgationInfo,
    Receiver,
    ReplacementInfo,
    ResponseFor,
    SignerInfo,
    StaffInfo,
    StatusHeader,
    TraceHeader,
)
from lienthong.shared.identifiers import CodeForm, code_form

_E = TypeVar("_E", bound=Enum)
_TRUE, _FALSE = frozenset({"true", "1"}), frozenset({"false", "0"})
_EMPTY = Node()


class HeaderReader:
    """Reads one header; :attr:`warnings` are stable codes, each once, in the order in which they came up."""

    def __init__(self) -> None:
        self._warnings: dict[str, None] = {}

    @property
    def warnings(self) -> tuple[str, ...]:
        """What was read leniently."""
        return tuple(self._warnings)

    def warn(self, code: str) -> None:
        """Notes a leniency."""
        self._warnings[code] = None

    def header(self, root: Node) -> DocumentHeader | StatusHeader:
        """The header. Raises :class:`FieldMissing` and :class:`ValueUnknown`."""
        envelope = root.node("edXMLEnvelope") or _missing("edXMLEnvelope")
        edxml_header = envelope.node("edXMLHeader") or _missing("edXMLHeader")
        message = edxml_header.node("MessageHeader") or _missing("MessageHeader")
        if message.text("StatusCode"):
            return self._status(message)
        return self._document(message, edxml_header.node("TraceHeaderList") or _EMPTY)

    def _status(self, message: Node) -> StatusHeader:
        answered = message.node("ResponseFor") or _missing("ResponseFor", alternative="To")
        _required(answered, "OrganId", "ResponseFor/OrganId")
        _required(answered, "DocumentId", "ResponseFor/DocumentId")
        staff = message.node("StaffInfo")
        return StatusHeader(
            from_=self._sender(message),
            response_for=self._response(answered),
            staff_info=None if staff is None else _staff(staff),
            status_code=_coded(BusinessStatus, message.text("StatusCode"), "StatusCode"),
            description=message.text("Description"),
            timestamp=message.text("Timestamp"),
        )

    def _document(self, message: Node, trace: Node) -> DocumentHeader:
        recipients = message.all_nodes("To")
        if not recipients:
            _missing("To", alternative="StatusCode")
        other, signer = message.node("OtherInfo"), message.node("SignerInfo")
        code, place = message.node("Code") or _EMPTY, message.node("PromulgationInfo") or _EMPTY
        if signer is None or not signer.text("Competence"):
            self.warn("signer-competence-missing")
        if not message.text("Subject"):
            self.warn("subject-missing")
        return DocumentHeader(
            from_=self._sender(message),
            to=tuple(self._organ(node, f"To[{n}]") for n, node in enumerate(recipients, 1)),
            document_id=_required(message, "DocumentId", "DocumentId"),
            code=Code(code_number=code.text("CodeNumber"), code_notation=code.text("CodeNotation")),
            promulgation_info=PromulgationInfo(
                place=place.text("Place"), promulgation_date=place.text("PromulgationDate")
            ),
            document_type=self._type(message.node("DocumentType") or _EMPTY),
            subject=message.text("Subject"),
            content=message.text("Content"),
            signer_info=None if signer is None else _signer(signer),
            due_date=message.text("DueDate"),
            other_info=None if other is None else self._other(other),
            response_for=self._responses(message.all_nodes("ResponseFor")),
            steering_type=self._int(message, "SteeringType"),
            response_for_task=(message.node("ResponseForTask") or _EMPTY).all_texts("TaskCode"),
            application_type=message.text("ApplicationType"),
            to_places=(message.node("ToPlaces") or _EMPTY).all_texts("Place"),
            trace=tuple(_trace(node) for node in trace.all_nodes("TraceHeader")),
            business=self._business(trace.node("Bussiness")),
        )

    def _sender(self, message: Node) -> Organ:
        return self._organ(message.node("From") or _missing("From"), "From")

    def _organ(self, node: Node, path: str) -> Organ:
        organ_id = _required(node, "OrganId", f"{path}/OrganId")
        if code_form(organ_id) is CodeForm.OTHER:
            self.warn("code-form-unknown")
        if not node.text("OrganName"):
            self.warn("organ-name-missing")
        return Organ(
            organ_id=organ_id,
            organization_in_charge=node.text("OrganizationInCharge"),
            organ_name=node.text("OrganName"),
            organ_add=node.text("OrganAdd"),
            email=node.text("Email"),
            telephone=node.text("Telephone"),
            fax=node.text("Fax"),
            website=node.text("Website"),
        )

    def _type(self, node: Node) -> DocumentType:
        return DocumentType(
            type=self._int(node, "Type"),
            type_detail=self._int(node, "TypeDetail"),
            type_name=node.text("TypeName"),
        )

    def _other(self, node: Node) -> OtherInfo:
        return OtherInfo(
            priority=self._int(node, "Priority") or 0,
            sphere_of_promulgation=node.text("SphereOfPromulgation"),
            typer_notation=node.text("TyperNotation"),
            promulgation_amount=self._int(node, "PromulgationAmount"),
            page_amount=self._int(node, "PageAmount"),
            reply_fors=node.all_texts("ReplyFors"),
            direction=self._bool(node, "Direction"),
            reference_codes=node.text("ReferenceCodes"),
            appendixes=(node.node("Appendixes") or _EMPTY).all_texts("Appendix"),
        )

    def _responses(self, nodes: Iterable[Node]) -> tuple[ResponseFor, ...]:
        """Empty ones, which the Java library always writes, say nothing."""
        empty = ResponseFor()
        return tuple(response for node in nodes if (response := self._response(node)) != empty)

    def _response(self, node: Node) -> ResponseFor:
        organ_id = node.text("OrganId")
        if organ_id and code_form(organ_id) is CodeForm.OTHER:
            self.warn("code-form-unknown")
        return ResponseFor(
            organ_id=organ_id,
            code=node.text("Code"),
            document_id=node.text("DocumentId"),
            promulgation_date=node.text("PromulgationDate"),
        )

    def _business(self, node: Node | None) -> Business:
        if node is None or not node.text("BussinessDocType"):
            self.warn("business-type-missing")
        if node is None:
            return Business()
        replacements = (node.node("ReplacementInfoList") or _EMPTY).all_nodes("ReplacementInfo")
        return Business(
            business_type=_business_type(node.text("BussinessDocType")),
            reason=node.text("BussinessDocReason"),
            document_id=node.text("DocumentId"),
            paper=self._int(node, "Paper"),
            document_infos=tuple(self._document_info(info) for info in node.all_nodes("BussinessDocumentInfo")),
            replacement_infos=tuple(_replacement(info) for info in replacements),
            staff_infos=tuple(_staff(staff) for staff in node.all_nodes("StaffInfo")),
        )

    def _document_info(self, node: Node) -> BusinessDocumentInfo:
        receivers = (node.node("ReceiverList") or _EMPTY).all_nodes("Receiver")
        return BusinessDocumentInfo(
            document_info=self._int(node, "DocumentInfo"),
            document_receiver=self._int(node, "DocumentReceiver"),
            receivers=tuple(
                Receiver(organ_id=receiver.text("OrganId"), receiver_type=self._int(receiver, "ReceiverType"))
                for receiver in receivers
            ),
        )

    def _int(self, node: Node, name: str) -> int | None:
        text = node.text(name)
        if not text:
            return None
        digits = text.removeprefix("-")
        if not digits.isascii() or not digits.isdecimal() or len(digits) > len(str(2**63)):
            self.warn("number-unreadable")
            return None
        return int(text)

    def _bool(self, node: Node, name: str) -> bool | None:
        text = node.text(name).lower()
        if text in _TRUE or text in _FALSE:
            return text in _TRUE
        if text:
            self.warn("boolean-unreadable")
        return None


def _required(node: Node, name: str, path: str) -> str:
    text = node.text(name)
    if not text:
        _missing(path)
    return text


def _missing(path: str, *, alternative: str = "") -> Node:
    hint = f" (or {alternative}, if that is what the message is)" if alternative else ""
    raise FieldMissing(f"Write {path}{hint}: without it the package cannot be carried.", facts={"path": path})


def _coded(values: type[_E], text: str, name: str) -> _E:
    try:
        return values(text)
    except ValueError as error:
        known = [str(value.value) for value in values]
        raise ValueUnknown(
            f"Write one of {', '.join(known)} in {name}.", facts={"element": name, "value": text[:40]}
        ) from error


def _business_type(text: str) -> BusinessType:
    if not text:
        return BusinessType.NEW
    by_text = {str(value.value): value for value in BusinessType}
    return by_text[text] if text in by_text else _coded(BusinessType, text, "BussinessDocType")


def _trace(node: Node) -> TraceHeader:
    return TraceHeader(organ_id=node.text("OrganId"), timestamp=node.text("Timestamp"))


def _signer(node: Node) -> SignerInfo:
    return SignerInfo(
        competence=node.text("Competence"), position=node.text("Position"), full_name=node.text("FullName")
    )


def _staff(node: Node) -> StaffInfo:
    return StaffInfo(
        department=node.text("Department"),
        staff=node.text("Staff"),
        email=node.text("Email"),
        mobile=node.text("Mobile"),
    )


def _replacement(node: Node) -> ReplacementInfo:
    organs = (node.node("OrganIdList") or _EMPTY).all_texts("OrganId")
    return ReplacementInfo(document_id=node.text("DocumentId"), organ_ids=organs)
