"""The elements that the standard names, where they may stand and how often. Source: QCVN 102:2016/BTTTT."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Element:
    """What may stand in an element; an element without members holds text."""

    members: Mapping[str, "Element"] = field(default_factory=dict)
    repeated: bool = False
    """It may stand several times in its parent."""

    @property
    def is_text(self) -> bool:
        """Whether its text is what it says."""
        return not self.members


TEXT = Element()
TEXTS = Element(repeated=True)


def texts(*names: str) -> dict[str, Element]:
    """Members that each hold one text."""
    return dict.fromkeys(names, TEXT)


_ORGAN = texts("OrganId", "OrganizationInCharge", "OrganName", "OrganAdd", "Email", "Telephone", "Fax", "Website")
_STAFF = texts("Department", "Staff", "Email", "Mobile")

MESSAGE_HEADER = Element(
    {
        "From": Element(_ORGAN),
        "To": Element(_ORGAN, repeated=True),
        "Code": Element(texts("CodeNumber", "CodeNotation")),
        "PromulgationInfo": Element(texts("Place", "PromulgationDate")),
        "DocumentType": Element(texts("Type", "TypeDetail", "TypeName")),
        "SignerInfo": Element(texts("Competence", "Position", "FullName")),
        "ToPlaces": Element({"Place": TEXTS}),
        "OtherInfo": Element(
            {
                **texts("Priority", "SphereOfPromulgation", "TyperNotation", "PromulgationAmount", "PageAmount"),
                **texts("Direction", "ReferenceCodes"),
                "ReplyFors": TEXTS,
                "Appendixes": Element({"Appendix": TEXTS}),
            }
        ),
        "ResponseFor": Element(texts("OrganId", "Code", "DocumentId", "PromulgationDate"), repeated=True),
        "ResponseForTask": Element({"TaskCode": TEXTS}),
        "StaffInfo": Element(_STAFF),
        **texts("DocumentId", "Subject", "Content", "DueDate", "SteeringType", "ApplicationType"),
        **texts("StatusCode", "Description", "Timestamp"),
    }
)
"""Of a document and of a status alike; which one it is shows ``StatusCode``."""

BUSINESS = Element(
    {
        **texts("DocumentId", "BussinessDocType", "BussinessDocReason", "Paper"),
        "BussinessDocumentInfo": Element(
            {
                **texts("DocumentInfo", "DocumentReceiver"),
                "ReceiverList": Element({"Receiver": Element(texts("OrganId", "ReceiverType"), repeated=True)}),
            },
            repeated=True,
        ),
        "ReplacementInfoList": Element(
            {
                "ReplacementInfo": Element(
                    {"DocumentId": TEXT, "OrganIdList": Element({"OrganId": TEXTS})}, repeated=True
                )
            }
        ),
        "StaffInfo": Element(_STAFF, repeated=True),
    }
)

_ATTACHED = texts("ContentId", "ContentType", "Description", "AttachmentName")

ROOT = Element(
    {
        "edXMLEnvelope": Element(
            {
                "edXMLHeader": Element(
                    {
                        "MessageHeader": MESSAGE_HEADER,
                        "TraceHeaderList": Element(
                            {
                                "TraceHeader": Element(texts("OrganId", "Timestamp"), repeated=True),
                                "Bussiness": BUSINESS,
                            }
                        ),
                    }
                ),
                "edXMLBody": Element({"edXMLManifest": Element({"Reference": Element(_ATTACHED, repeated=True)})}),
            }
        ),
        "AttachmentEncoded": Element(
            {"Attachment": Element({**_ATTACHED, "ContentTransferEncoded": TEXT}, repeated=True)}
        ),
    }
)
"""What may stand in ``edXML``; signatures of the header are read elsewhere."""

PATH_HEADER = "edXML/edXMLEnvelope/edXMLHeader"
PATH_ATTACHMENTS = "edXML/AttachmentEncoded"
PATH_ATTACHMENT = f"{PATH_ATTACHMENTS}/Attachment"
"""Without its number."""
