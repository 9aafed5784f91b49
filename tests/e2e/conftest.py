"""The stage, the browser and the people in front of it: made once for the whole run."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable, Iterator
from importlib import resources
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from demo.nodes import display_name
from demo.places import read_places
from tests.support.browser import People, chromium
from tests.support.looking import Look, look_at
from tests.support.screens import Screen
from tests.support.stage import Stage, open_stage

PICTURES = Path(__file__).resolve().parents[2] / "build" / "screens"


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Four nodes after a short morning."""
    network, stage = open_stage(tmp_path_factory.mktemp("stage"))
    try:
        yield stage
    finally:
        network.stop()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium."""
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="session")
def people(browser: Browser, stage: Stage) -> People:
    """Citizens and staff with browsers of their own."""
    return People(browser, stage)


@pytest.fixture(scope="session")
def pictures() -> Path:
    """Where the pictures go; empty at the start of a run."""
    shutil.rmtree(PICTURES, ignore_errors=True)
    PICTURES.mkdir(parents=True)
    return PICTURES


@pytest.fixture(scope="session")
def names(stage: Stage) -> list[str]:
    """What stays Chinese in the English view: names of places, offices, posts, people, papers and laws."""
    region = resources.files("config").joinpath("regions/regions-nantong.csv").read_text("utf-8")
    codes = {office.code for office in stage.offices.values()}
    found = {row["name"] for row in csv.DictReader(region.splitlines()) if row["code"] in codes}
    for office in stage.offices.values():
        found |= {account.name for account in office.accounts} | {account.post for account in office.accounts}
        found.add(str(office.well_known()["name"]) if "name" in office.well_known() else office.place.name)
    found |= {matter.applicant for matter in stage.matters.values()}
    found.add(display_name(read_places()[stage.next_village]))
    found |= {"社保", "飞碟登记", "飞碟", "无此人", "身份证正面", "新坝村便民服务室", "行政许可法"}
    return sorted(found, key=len, reverse=True)


@pytest.fixture(scope="session")
def seen(people: People, pictures: Path, names: list[str]) -> Callable[[Screen, str], Look]:
    """A look at a page in a language; each is taken once."""
    looks: dict[tuple[str, str], Look] = {}

    def see(screen: Screen, language: str) -> Look:
        key = (screen.name, language)
        if key not in looks:
            looks[key] = look_at(people, screen, language, pictures, names)
        return looks[key]

    return see
