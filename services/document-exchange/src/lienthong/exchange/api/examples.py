"""Examples that OpenAPI shows: a plan of Hòa Bình province on its way to Mai Châu district."""

from typing import Any

DOCUMENT_ID = "019b2f70-5f6e-7c30-8f5a-3a2f6d1f0c11"
DELIVERY_ID = "019b2f70-5f6e-7c30-8f5a-3a2f6d1f0c12"
PACKAGE = {"sha256": "b5bb9d8014a0f9b1d61e21e796d78dccdf1352f23cd32812f4850b878ae4944c", "size": 65536}

SUMMARY: dict[str, Any] = {
    "id": DOCUMENT_ID,
    "kind": "document",
    "business_type": 0,
    "sender": {"code": "H28", "name": "Ủy ban nhân dân tỉnh Hòa Bình"},
    "sender_document_id": "000.00.00.H28,2025/06/16,181/KH-UBND",
    "subject": "Kế hoạch chuyển đổi số năm 2025",
    "notation": "181/KH-UBND",
    "priority": 1,
    "submitted_at": "2025-06-16T01:30:00Z",
    "expires_at": None,
    "package": {**PACKAGE, "media_type": "application/edxml+xml"},
    "signatures": {"indication": "TOTAL-PASSED", "package": "valid"},
    "time_stamp": {"state": "stamped", "at": "2025-06-16T01:30:41Z"},
    "revocation": "known",
}
DELIVERY: dict[str, Any] = {
    "id": DELIVERY_ID,
    "addressed_to": "000.00.31.H28",
    "code": "H28.31",
    "name": "Ủy ban nhân dân huyện Mai Châu",
    "node": "H28.31",
    "transport_status": "done",
    "transport_detail": "",
    "transport_reason": "",
    "business_status": "03",
    "updated_at": "2025-06-16T01:31:07Z",
}
AMENDMENT: dict[str, Any] = {
    "request_id": "019b2f77-0d1c-7b55-9a40-6d2b8e0f7a31",
    "type": "recall",
    "state": "refused",
    "reason": "Gửi nhầm phụ lục",
    "asked_at": "2025-06-16T02:10:00Z",
    "decided_at": "2025-06-16T02:25:19Z",
    "answer_reason": "Văn bản đã được triển khai",
}
DOCUMENT: dict[str, Any] = {
    **SUMMARY,
    "origin": "H28",
    "header": {
        "from": {"organ_id": "000.00.00.H28", "organ_name": "Ủy ban nhân dân tỉnh Hòa Bình"},
        "to": [{"organ_id": "000.00.31.H28", "organ_name": "Ủy ban nhân dân huyện Mai Châu"}],
        "document_id": "000.00.00.H28,2025/06/16,181/KH-UBND",
        "code": {"code_number": "181", "code_notation": "KH-UBND"},
        "subject": "Kế hoạch chuyển đổi số năm 2025",
    },
    "references": [],
    "attachments": [
        {
            "n": 1,
            "name": "Kế hoạch 181.pdf",
            "content_type": "application/pdf",
            "size": 48213,
            "sha256": PACKAGE["sha256"],
            "encoding": "base64",
            "offset": 2811,
            "encoded_size": 64284,
        }
    ],
    "unknown_elements": [],
    "warnings": [],
    "report": {"package": "valid", "indication": "TOTAL-PASSED", "checked_at": "2025-06-16T01:30:00Z"},
    "later_report": None,
    "deliveries": [{**DELIVERY, "amendments": [AMENDMENT]}],
    "amends": [],
    "amends_waiting": False,
}
HAPPENED: dict[str, Any] = {
    "at": "2025-06-16T01:31:07Z",
    "kind": "evidence",
    "event": "ContentHandover",
    "event_uri": "http://uri.etsi.org/19522/Event/ContentHandover",
    "node": "H28.31",
    "deliveries": [DELIVERY_ID],
    "recipients": [
        {
            "addressed_to": "000.00.31.H28",
            "code": "H28.31",
            "node": "H28.31",
            "delivery_id": DELIVERY_ID,
            "outcome": "handed-over",
            "detail": "",
        }
    ],
    "status": None,
    "evidence": "eyJhbGciOiJFUzI1NiIsInR5cCI6ImxpZW50aG9uZy1ldmlkZW5jZStqd3MifQ…",
}
WAITING: dict[str, Any] = {
    "delivery_id": DELIVERY_ID,
    "code": "H28.31",
    "transport_status": "initial",
    "lease_until": None,
    "document": SUMMARY,
    "redelivery": False,
}
CLAIM: dict[str, Any] = {
    "delivery_id": DELIVERY_ID,
    "lease_token": "7f1f6f0e-4c53-4a39-9d55-0f6c0d5cfb1e",
    "lease_until": "2025-06-16T01:35:00Z",
    "document": SUMMARY,
    "redelivery": False,
}
