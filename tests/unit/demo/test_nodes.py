"""What the demonstration calls its institutions, over the real names of the division."""

from __future__ import annotations

import re

import pytest

from demo.nodes import display_name
from demo.places import Place, read_places


@pytest.mark.parametrize(
    ("name", "called"),
    [
        ("望海台村委会", "望海台村便民服务室"),
        ("鹤丰村村委会", "鹤丰村便民服务室"),
        ("四海社区居委会", "四海社区便民服务室"),
        ("中南居委会", "中南社区便民服务室"),
    ],
)
def test_a_room_is_called_after_its_village(name: str, called: str) -> None:
    assert display_name(Place("320623101001", "village", "320623101000", name, False)) == called


def test_no_real_name_says_the_same_word_twice() -> None:
    names = [display_name(place) for place in read_places().values()]
    assert [name for name in names if re.search("村村便民|社区社区|中心中心", name)] == []
