"""The style keeps its promises: small, for a browser of 2020, with the colours that were measured."""

import re

import pytest

from node.ui.assets import asset, asset_url

CSS = asset("ui.css").decode()
BARE = re.sub(r"/\*.*?\*/", "", CSS, flags=re.DOTALL)
TOKENS = dict(re.findall(r"--([\w-]+):(#[0-9a-f]{3,6})", CSS))


def test_style_is_at_most_24_kilobytes() -> None:
    assert len(asset("ui.css")) <= 24_000


@pytest.mark.parametrize(
    "feature",
    [
        r"@layer", r"@container", r":has\(", r":is\(", r":where\(", r"color-mix", r"\d(?:dvh|svh|lvh|cqw)", r"\binset:",
        r"aspect-ratio", r"text-wrap", r"margin-inline", r"padding-inline", r"oklch", r"@import", r"url\(", r"subgrid",
    ],
)  # fmt: skip
def test_style_uses_nothing_chromium_86_does_not_know(feature: str) -> None:
    assert re.search(feature, BARE) is None


def test_style_does_not_nest() -> None:
    depth = 0
    for character, before in zip(BARE, "\n" + BARE, strict=False):
        depth += (character == "{") - (before == "}")
        assert character != "&"
    rules = re.sub(r"@(?:media|keyframes|page)[^{]*\{", "", BARE)
    assert re.search(r"\{[^}]*\{", re.sub(r"@keyframes.*?\}\}", "", rules)) is None


def _luminance(colour: str) -> float:
    full = colour[1:] if len(colour) == 7 else "".join(one * 2 for one in colour[1:])
    parts = [int(full[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one: str, other: str) -> float:
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize(
    ("text", "ground", "least"),
    [
        ("ink", "card", 12.0), ("ink-2", "paper", 6.0), ("azurite", "card", 6.5), ("bamboo", "card", 6.0),
        ("amber", "card", 6.5), ("cinnabar", "card", 6.5), ("ctl", "card", 4.0), ("azurite", "azurite-w", 5.45),
        ("bamboo", "bamboo-w", 5.45), ("amber", "amber-w", 5.45), ("cinnabar", "cinnabar-w", 5.45),
        ("ink", "village", 7.0), ("ink", "township", 7.0), ("card", "county", 4.5), ("card", "city", 4.5),
    ],
)  # fmt: skip
def test_colours_stand_out_from_their_ground(text: str, ground: str, least: float) -> None:
    assert _contrast(TOKENS[text], TOKENS[ground]) >= least


def test_address_of_the_style_names_its_content() -> None:
    assert re.fullmatch(r"/static/ui\.css\?v=[0-9a-f]{10}", asset_url("ui.css"))
