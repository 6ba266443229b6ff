"""Why a package is refused. Each sentence tells an integrator what to change; ``facts`` say where."""

from lienthong.shared.errors import InvalidInput, TooLarge


class EdXMLInvalid(InvalidInput):
    """The package breaks the form of edXML; leaves say how."""

    code = "edxml-invalid"
    title = "The edXML package is not valid"


class NotXML(EdXMLInvalid):
    """The bytes do not begin with an XML document."""

    code = "edxml-not-xml"
    title = "The file is not XML"


class EncodingRefused(EdXMLInvalid):
    """The file is in an encoding whose bytes cannot be addressed, such as UTF-16, or in an unknown one."""

    code = "edxml-encoding"
    title = "The edXML file is not in UTF-8"


class DoctypeRefused(EdXMLInvalid):
    """The file has a document type declaration."""

    code = "edxml-doctype"
    title = "The edXML file has a document type declaration"


class WrongRoot(EdXMLInvalid):
    """The root element is not ``edXML``."""

    code = "edxml-wrong-root"
    title = "The root element is not edXML"


class WrongNamespace(EdXMLInvalid):
    """The root element is in another namespace."""

    code = "edxml-wrong-namespace"
    title = "The edXML file is in another namespace"


class UnboundPrefix(EdXMLInvalid):
    """A prefix is used that nothing declares."""

    code = "edxml-unbound-prefix"
    title = "A namespace prefix is not declared"


class Malformed(EdXMLInvalid):
    """The file is not well-formed XML."""

    code = "edxml-malformed"
    title = "The edXML file is not well-formed"


class ElementUnclosed(EdXMLInvalid):
    """An element opens inside an element of its own name."""

    code = "edxml-element-unclosed"
    title = "An element is not closed before it is repeated"


class ElementRepeated(EdXMLInvalid):
    """An element that may stand once stands twice, so that two readers may read two things."""

    code = "edxml-element-repeated"
    title = "An element is repeated that may stand once"


class FieldMissing(EdXMLInvalid):
    """An element is missing without which the package cannot be carried."""

    code = "edxml-field-missing"
    title = "A required element is missing"


class ValueUnknown(EdXMLInvalid):
    """A coded value that decides what is done with the package is not in the standard."""

    code = "edxml-value-unknown"
    title = "A coded value is not in the standard"


class DuplicateID(EdXMLInvalid):
    """Two elements carry the same ``Id``, so that a signature's reference is ambiguous."""

    code = "edxml-duplicate-id"
    title = "Two elements carry the same Id"


class AttachmentMissing(EdXMLInvalid):
    """The manifest names an attachment that the package does not hold."""

    code = "edxml-attachment-missing"
    title = "The manifest names an attachment that is not there"


class BadBase64(EdXMLInvalid):
    """An attachment's text is not base64. Source: RFC 4648 section 4."""

    code = "edxml-bad-base64"
    title = "An attachment is not base64"


class PDFDamaged(EdXMLInvalid):
    """A PDF went through a text conversion: runs of U+FFFD stand where its bytes were."""

    code = "edxml-pdf-damaged"
    title = "A PDF was damaged by a text conversion"


class ZipBomb(EdXMLInvalid):
    """An entry inflates out of all proportion."""

    code = "edxml-zip-bomb"
    title = "A ZIP entry inflates out of proportion"


class ZipPath(EdXMLInvalid):
    """An entry's name leads out of the folder into which it would be unpacked."""

    code = "edxml-zip-path"
    title = "A ZIP entry has a dangerous name"


class ZipEncrypted(EdXMLInvalid):
    """An entry is encrypted: nobody could check it."""

    code = "edxml-zip-encrypted"
    title = "A ZIP entry is encrypted"


class ZipDamaged(EdXMLInvalid):
    """A ZIP does not read as one, or its directory and its entries disagree."""

    code = "edxml-zip-damaged"
    title = "A ZIP is damaged"


class ZipEntries(EdXMLInvalid):
    """A ZIP that should wrap one file holds several."""

    code = "edxml-zip-entries"
    title = "A wrapping ZIP does not hold exactly one file"


class ZipMethod(EdXMLInvalid):
    """An entry is compressed with another method than deflate."""

    code = "edxml-zip-method"
    title = "A ZIP entry is compressed with an unusual method"


class ContainerInvalid(EdXMLInvalid):
    """The container breaks the rules of ASiC-E. Source: ETSI EN 319 162-1."""

    code = "edxml-asice-invalid"
    title = "The ASiC-E container is not valid"


class MediaTypeUnknown(InvalidInput):
    """The media type names no kind of package."""

    code = "edxml-media-type"
    title = "The media type is not one of a package"


class NotWritable(InvalidInput):
    """A header or an attachment breaks a rule that the standard sets for sending."""

    code = "edxml-not-writable"
    title = "The header does not meet the standard"


class LimitExceeded(TooLarge):
    """The package exceeds a limit of ``docs/edxml.md``; leaves say which."""

    code = "edxml-limit"
    title = "The package exceeds a limit"


class DepthExceeded(LimitExceeded):
    """Elements are nested too deeply."""

    code = "edxml-limit-depth"


class ElementsExceeded(LimitExceeded):
    """Too many elements or attributes."""

    code = "edxml-limit-elements"


class TokenExceeded(LimitExceeded):
    """One tag, comment or instruction is too long."""

    code = "edxml-limit-token"


class TextExceeded(LimitExceeded):
    """One text, or all text together, is too long."""

    code = "edxml-limit-text"


class RecipientsExceeded(LimitExceeded):
    """Too many recipients."""

    code = "edxml-limit-recipients"


class AttachmentsExceeded(LimitExceeded):
    """Too many attachments or references."""

    code = "edxml-limit-attachments"


class NameExceeded(LimitExceeded):
    """An attachment's name is too long."""

    code = "edxml-limit-name"


class SignatureExceeded(LimitExceeded):
    """Signatures are too many or too large."""

    code = "edxml-limit-signature"


class SignedPartsExceeded(LimitExceeded):
    """Too many elements carry an ``Id``."""

    code = "edxml-limit-parts"


class UnwrappedExceeded(LimitExceeded):
    """A file is too large once it is inflated."""

    code = "edxml-limit-unwrapped"


class ContainerExceeded(LimitExceeded):
    """The ASiC-E container has too many files, or too much in them."""

    code = "edxml-limit-container"
