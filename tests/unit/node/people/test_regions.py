"""Reading a division."""

from __future__ import annotations

from collections import Counter
from importlib import resources

import pytest

from node.kernel.problems import Problem
from node.people.regions import read_regions

HEAD = "code,level,parent,name,kind,virtual\n"
CITY = "320600000000,city,,南通市,地级市,0\n"
COUNTY = "320612000000,county,320600000000,通州区,市辖区,0\n"


def shipped() -> str:
    """The division that comes with the program."""
    return resources.files("config").joinpath("regions/regions-nantong.csv").read_text(encoding="utf-8")


def test_shipped_division_is_read_whole() -> None:
    regions = list(read_regions(shipped()))
    assert Counter(region.level for region in regions) == {
        "city": 1,
        "county": 8,
        "township": 136,
        "village": 2005,
    }
    assert sum(region.virtual for region in regions) > 0
    assert Counter(region.name for region in regions)["新坝村委会"] == 4


def test_byte_order_mark_is_survived() -> None:
    assert [region.name for region in read_regions("\ufeff" + HEAD + CITY)] == ["南通市"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("code,name\n", 1),
        ("", 1),
        (HEAD + "32060000000,city,,南通市,地级市,0\n", 2),
        (HEAD + "32060000000x,city,,南通市,地级市,0\n", 2),
        (HEAD + "320600000000,town,,南通市,地级市,0\n", 2),
        (HEAD + "320600000001,city,,南通市,地级市,0\n", 2),
        (HEAD + "320600000000,city,, ,地级市,0\n", 2),
        (HEAD + "320600000000,city,,南通市,地级市,2\n", 2),
        (HEAD + CITY + CITY, 3),
        (HEAD + COUNTY + CITY, 2),
        (HEAD + CITY + "320712000000,county,320600000000,某区,市辖区,0\n", 3),
        (HEAD + CITY + "320612001000,township,320600000000,金沙街道,街道,0\n", 3),
    ],
)
def test_wrong_line_is_named(text: str, line: int) -> None:
    with pytest.raises(Problem) as refused:
        list(read_regions(text))
    assert refused.value.code == "region-file"
    assert f"第 {line} 行" in refused.value.zh
    assert f"line {line}" in refused.value.en
