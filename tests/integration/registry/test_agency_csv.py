import csv
import io

import pytest

from lienthong.registry.api import agency_csv
from tests.integration.registry.conftest import LINE, Registry

FILE = """code,name,parent,level,old_code,node
H28.31.06,UBND xã Pà Cò,H28.31,commune,000.06.31.H28,
H28.31.07,UBND xã,H28.99,commune,,
H28.31.05,UBND xã Hang Kia,H28.31,commune,000.05.31.H28,H28.31.05
H28.31.05.01,Văn phòng UBND xã,H28.31.08,commune,,
H28.31.08,UBND thị trấn Mai Châu,H28.31,town,,
"""


async def test_every_line_of_an_import_is_reported(registry: Registry) -> None:
    answer = await registry.http.post("/v1/agencies.csv", content=FILE, headers=await registry.bearer())

    report = answer.json()
    assert [(line["line"], line["outcome"]) for line in report["report"]] == [
        (2, "created"),
        (3, "refused"),
        (4, "unchanged"),
        (5, "refused"),
        (6, "refused"),
    ]
    assert (report["lines"], report["created"], report["refused"]) == (5, 1, 3)
    assert (await registry.http.get("/v1/agencies/000.06.31.H28")).json()["name"] == "UBND xã Pà Cò"


async def test_an_export_opens_in_a_spreadsheet_and_imports_unchanged(registry: Registry) -> None:
    exported = await registry.http.get("/v1/agencies.csv")

    rows = list(csv.DictReader(io.StringIO(exported.content.decode("utf-8-sig"))))
    again = await registry.http.post("/v1/agencies.csv", content=exported.content, headers=await registry.bearer())

    assert exported.content.startswith(b"\xef\xbb\xbf")
    assert [row["name"] for row in rows] == [name for _, _, _, name, _ in LINE]
    assert again.json()["unchanged"] == len(LINE)


async def test_many_agencies_come_in_and_go_out_again(registry: Registry) -> None:
    lines = "".join(f"H28.31.{n},Cơ quan thử {n},H28.31,commune\n" for n in range(1000, 3500))
    await registry.http.post(
        "/v1/agencies.csv", content=f"code,name,parent,level\n{lines}", headers=await registry.bearer()
    )

    exported = await registry.http.get("/v1/agencies.csv")

    codes = [row["code"] for row in csv.DictReader(io.StringIO(exported.content.decode("utf-8-sig")))]
    assert len(codes) == len(set(codes)) == 2504


async def test_an_import_updates_what_changed(registry: Registry) -> None:
    content = "code,name,level,parent,old_code,node\nH28.31.05,UBND xã Hang Kia mới,commune,H28.31,000.05.31.H28,\n"

    answer = await registry.http.post("/v1/agencies.csv", content=content, headers=await registry.bearer())

    assert answer.json()["updated"] == 1
    agency = (await registry.http.get("/v1/agencies?q=hang kia moi")).json()["items"][0]
    assert (agency["code"], agency["node"]) == ("H28.31.05", None)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b"name\nx\n"])
async def test_what_is_no_csv_is_refused_as_a_whole(registry: Registry, content: bytes) -> None:
    answer = await registry.http.post("/v1/agencies.csv", content=content, headers=await registry.bearer())

    assert (answer.status_code, answer.json()["code"]) == (400, "csv-unreadable")


async def test_a_file_over_the_limit_is_refused(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agency_csv, "MAX_CSV_BYTES", 10)

    answer = await registry.http.post("/v1/agencies.csv", content=FILE, headers=await registry.bearer())

    assert (answer.status_code, answer.json()["code"]) == (413, "csv-too-large")


async def test_an_import_needs_the_scope(registry: Registry) -> None:
    answer = await registry.http.post("/v1/agencies.csv", content=FILE)

    assert answer.status_code == 401
