"""What may be added to a PDF after it was signed.

Further signatures with their own appearance, time stamps, and material to check them: nothing else. pyHanko's policy
also lets form fields be filled in, which is how shadow attacks show a reader another document than was signed.
Source: ETSI EN 319 142-1 clause 5.4; ISO 32000-1 clause 12.8.2.2.
"""

from typing import Any, Final

from pyhanko.pdf_utils.generic import DictionaryObject, IndirectObject
from pyhanko.sign.diff_analysis.form_rules_api import FormUpdatingRule
from pyhanko.sign.diff_analysis.policies import StandardDiffPolicy
from pyhanko.sign.diff_analysis.policy_api import DiffPolicy, ModificationLevel
from pyhanko.sign.diff_analysis.rules.file_structure_rules import (
    CatalogModificationRule,
    ObjectStreamRule,
    XrefStreamRule,
)
from pyhanko.sign.diff_analysis.rules.form_field_rules import (
    DSSCompareRule,
    SigFieldCreationRule,
    SigFieldModificationRule,
    is_field_visible,
)
from pyhanko.sign.diff_analysis.rules.metadata_rules import DocInfoRule, MetadataUpdateRule

from lienthong.shared.signatures.pades_reading import BoundedReader

SIGNATURES_ONLY: Final[DiffPolicy] = StandardDiffPolicy(
    global_rules=[
        CatalogModificationRule(),
        *(
            rule.as_qualified(ModificationLevel.LTA_UPDATES)
            for rule in (DocInfoRule(), XrefStreamRule(), ObjectStreamRule(), DSSCompareRule(), MetadataUpdateRule())
        ),
    ],
    form_rule=FormUpdatingRule(field_rules=[SigFieldCreationRule(), SigFieldModificationRule()]),
)
"""pyHanko's rules without the one for form fields that are no signatures."""


def shows_unsigned_field(reader: BoundedReader, fields: list[tuple[str, Any, Any]], revision: int) -> bool:
    """Whether a signature field that nobody signed was made visible after ``revision``: a picture over the page."""
    return any(
        value is None and _changed_after(reader, field, revision) and is_field_visible(field.get_object())
        for _, value, field in fields
    )


def _changed_after(reader: BoundedReader, field: Any, revision: int) -> bool:  # noqa: ANN401
    held = field.get_object()
    parts = [field, *held.get("/Kids", ())]
    appearance = held.get("/AP")
    if isinstance(appearance, DictionaryObject):
        parts += [appearance.raw_get(key) for key in appearance]
    refs = [part.reference for part in parts if isinstance(part, IndirectObject)]
    return any(reader.xrefs.get_last_change(ref) > revision for ref in refs)
