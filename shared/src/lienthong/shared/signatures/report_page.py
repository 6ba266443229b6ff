"""A report as a page that a clerk can read: what it says and in which order, before it is HTML or PDF. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Final

from lienthong.shared.signatures.report import Check, Indication, Proof, Report, SignatureKind, SignatureReport
from lienthong.shared.signatures.report_words import (
    BESIDES,
    INDICATIONS,
    KINDS,
    LABELS,
    PACKAGES,
    PARTS,
    PROOFS,
    REASONS,
    RULES,
    SENTENCES,
    Language,
)

VIETNAM: Final = timezone(timedelta(hours=7), "+07:00")
"""Asia/Ho_Chi_Minh, which has no summer time."""
MAX_NAMED_PARTS: Final = 50
"""Parts that one signature's list names; more are counted."""
MAX_SHOWN: Final = 100
"""Signatures on one page, the worst first where there are more; the rest are counted."""

Fact = tuple[str, str]
"""A label and what it says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckRow:
    """One check as a row: ``passed`` colours it."""

    passed: bool | None
    name: str
    clause: str
    result: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignaturePart:
    """What the page says about one signature."""

    heading: str
    verdict: Indication
    verdict_words: str
    facts: tuple[Fact, ...]
    covered: tuple[str, ...]
    not_covered: tuple[str, ...]
    checks: tuple[CheckRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportPage:
    """A whole page. Texts are plain: whoever writes them into a format escapes them."""

    language: Language
    title: str
    verdict: Indication | None
    verdict_words: str
    sentence: str
    facts: tuple[Fact, ...]
    signatures: tuple[SignaturePart, ...]
    labels: dict[str, str]


def page_of(report: Report, *, language: Language, file: str = "") -> ReportPage:
    """The page about ``report``; ``file`` names what was checked, and is not believed."""
    say = {key: words[language] for key, words in LABELS.items()}
    facts = [(say["file"], file)] if file else []
    facts += [(say["checked"], _when(report.checked_at)), (say["policy"], report.policy)]
    if report.document_type:
        facts.append((say["package"], PACKAGES[report.package][language]))
    shown = _shown(report.signatures)
    if len(shown) < len(report.signatures):
        facts.append((say["left out"], str(len(report.signatures) - len(shown))))
    return ReportPage(
        language=language,
        title=say["title"],
        verdict=report.indication,
        verdict_words=_verdict(report.indication, language),
        sentence=SENTENCES[report.indication][language],
        facts=tuple(facts),
        signatures=tuple(_part(one, n, language) for n, one in enumerate(shown, start=1)),
        labels=say,
    )


def _shown(signatures: tuple[SignatureReport, ...]) -> tuple[SignatureReport, ...]:
    if len(signatures) <= MAX_SHOWN:
        return signatures
    order = list(Indication)
    return tuple(sorted(signatures, key=lambda one: -order.index(one.indication))[:MAX_SHOWN])


def _verdict(indication: Indication | None, language: Language) -> str:
    words = INDICATIONS[indication][language]
    return f"{words} ({indication.value})" if indication else words


def _part(report: SignatureReport, n: int, language: Language) -> SignaturePart:
    return SignaturePart(
        heading=f"{n}. {KINDS[report.kind][language]}: {_where(report.where, language)}",
        verdict=report.indication,
        verdict_words=_verdict(report.indication, language),
        facts=tuple(_facts(report, language)),
        covered=_named(report.covered, language),
        not_covered=(*_named(report.not_covered, language), *_besides(report.kind, language)),
        checks=tuple(_row(one, language) for one in report.checks),
    )


def _facts(report: SignatureReport, language: Language) -> list[Fact]:
    proven = report.indication is Indication.TOTAL_PASSED
    facts: list[tuple[str, str]] = []
    if report.sub_indication is not None:
        facts.append(("reason", f"{REASONS[report.sub_indication][language]} ({report.sub_indication.value})"))
    facts.append(("signer" if proven else "unproven signer", report.claimed_signer))
    facts.append(("agency", report.agency or ""))
    facts.append(("level", report.level))
    facts.append(("claimed", _when(report.signing_time) if report.signing_time else ""))
    if report.best_signature_time is not None and report.proof is not None:
        source = f" {report.proof_source}" if report.proof is Proof.TIME_STAMP else ""
        facts.append(("proven", _when(report.best_signature_time)))
        facts.append(("proven by", PROOFS[report.proof][language] + source))
    return [(LABELS[key][language], text) for key, text in facts if text]


def _where(where: str, language: Language) -> str:
    kind, _, number = where.partition(" ")
    if kind == "attachment":
        return f"{LABELS['attachment'][language]} {number}"
    known = {"package": "the package", "document": "document"}.get(where)
    return LABELS[known][language] if known else where


def _named(parts: tuple[str, ...], language: Language) -> tuple[str, ...]:
    named = tuple(_part_name(one, language) for one in parts[:MAX_NAMED_PARTS])
    left = len(parts) - len(named)
    return (*named, f"… +{left}") if left else named


def _part_name(part: str, language: Language) -> str:
    """A part of a package in plain words; anything else as it is named."""
    last = part.rpartition("/")[2]
    if last in PARTS and part.startswith("edXML/"):
        return PARTS[last][language]
    if part.startswith("edXML/") and last.startswith("Attachment["):
        return f"{LABELS['attachment'][language]} {last.removeprefix('Attachment[').removesuffix(']')}"
    kind, _, rest = part.partition(" ")
    if kind in {"revision", "revisions"} and language is Language.VI:
        return f"{LABELS['revisions'][language]} {rest.replace(' to ', '–').replace(' of ', '/')}"
    return LABELS[part][language] if part in {"content", "enclosed content"} else part


def _besides(kind: SignatureKind, language: Language) -> tuple[str, ...]:
    return (BESIDES[kind][language],)


def _row(check: Check, language: Language) -> CheckRow:
    result = {True: "yes", False: "no", None: "unknown"}[check.passed]
    name = RULES[check.name][language] if check.name in RULES else check.name
    return CheckRow(
        passed=check.passed, name=name, clause=check.clause, result=LABELS[result][language], detail=check.detail
    )


def _when(moment: datetime) -> str:
    """In Vietnam's time, to the second."""
    return f"{moment.astimezone(VIETNAM):%d/%m/%Y %H:%M:%S} (+07:00)"
