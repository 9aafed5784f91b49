"""Setting a node up: its folder, keys, settings, database, institution and first account.

Two ways in: a top founds a network; any other node is prepared, and founded when it joins. Every step may be run again
after a crash: what is there already stays. Source: federation.md §2, §3; requirements.md A2, B4.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from config.loading import load_settings, write_node_toml
from config.settings import Settings
from federation import issuing
from federation.routing import scope_of
from node.catalogue.service import department_names, import_catalogue, list_imports, shipped_catalogue
from node.cli.problems import data_folder_in_use
from node.container import Ground, field_keys_path, open_ground
from node.exchange.identity import NodeFolder, Trust, read_passphrase
from node.exchange.stores import SqlDatabase, Surroundings
from node.kernel.calendar import seed_calendar
from node.kernel.clock import Clock, format_utc, local_date
from node.kernel.field_keys import ensure_field_keys
from node.kernel.files import write_durably
from node.kernel.migrate import upgrade
from node.kernel.problems import EXIT_USAGE, Problem
from node.people.actors import the_institution
from node.people.founding import Founding, found_institution
from node.people.regions import find_region, import_regions
from node.people.service import Added, NewStaff, add_staff, list_staff, posts_by_name, prepare_staff

DRAFT = "init.json"
"""What a plain `init` was told, until `join` writes node.toml."""
UNFINISHED = ".founding"
"""Stands in a top's folder while it is set up: `init` may be run again after it was interrupted."""
FOLDER_MODE = 0o700
OPERATOR_ROLE = "系统管理员"
OPERATOR_LOGIN = "operator"


@dataclass(frozen=True, slots=True)
class Established:
    """What was set up. `operator` None when there was an account already."""

    settings: Settings
    institution: str
    posts: tuple[str, ...]
    items: int
    regions: int
    operator: Added | None


def prepare_folder(data_dir: Path, told: Mapping[str, Any]) -> NodeFolder:
    """Make the node's folder, its four keys and its data keys.

    Raises:
        Problem: `belongs-already`.
    """
    if (data_dir / "node.toml").exists() and not (data_dir / UNFINISHED).exists():
        raise data_folder_in_use(data_dir)
    data_dir.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    passphrase = read_passphrase(_passphrase_path(data_dir, told))
    folder = NodeFolder(data_dir, passphrase)
    folder.make_keys()
    folder.blob_folder.mkdir(mode=FOLDER_MODE, exist_ok=True)
    ensure_field_keys(data_dir / "field-keys.json", passphrase)
    return folder


def _passphrase_path(data_dir: Path, told: Mapping[str, Any]) -> Path | None:
    path = told.get("passphrase_file")
    return None if not path else data_dir / Path(str(path)).expanduser()


def write_draft(data_dir: Path, told: Mapping[str, Any]) -> None:
    """Keep what a plain `init` was told."""
    text = json.dumps(dict(told), ensure_ascii=False, indent=1)
    write_durably(data_dir / DRAFT, text.encode("utf-8"))


def read_draft(data_dir: Path) -> dict[str, Any]:
    """What a plain `init` was told; empty without one."""
    try:
        found = json.loads((data_dir / DRAFT).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return dict(found)


def parse_told(pairs: tuple[str, ...]) -> dict[str, Any]:
    """`key=value` options as settings: a value is TOML where it is, else text.

    Raises:
        Problem: no equals sign.
    """
    told: dict[str, Any] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals:
            raise Problem(
                "set-form",
                f"--set 后应写 键=值,现为“{pair}”。",
                f"--set takes key=value, not {pair!r}.",
                exit_code=EXIT_USAGE,
            )
        try:
            told[key.strip()] = tomllib.loads(f"value = {value}")["value"]
        except tomllib.TOMLDecodeError:
            told[key.strip()] = value
    return told


def found_network(ground: Ground) -> None:
    """A top: pin its own key as the anchor, and state itself. Twice is nothing."""
    settings, folder = ground.settings, ground.folder
    if folder.read_trust() is None:
        keys = folder.make_keys()
        anchor = keys.public.node.kid
        folder.write_trust(Trust(settings.network, settings.code, settings.level, anchor, how="founded"))
    trust = folder.read_trust()
    assert trust is not None, "just written"
    identity, now = folder.identity(), ground.clock.now()
    with ground.database.transaction() as session:
        tx = stores_of(ground, identity.name).within(session)
        if not tx.members.chain():
            scope = scope_of(settings.code, settings.level)
            issuing.found_top(tx, identity, settings.name, scope, now)
    if not trust.is_joined:
        folder.write_trust(_joined(trust, ground.clock))


def _joined(trust: Trust, clock: Clock) -> Trust:
    return replace(trust, joined_at=format_utc(clock.now()))


def stores_of(ground: Ground, node_name: str) -> SqlDatabase:
    """The federation's stores on the database of a node that is being set up."""
    return SqlDatabase(ground.database, Surroundings(node_name, ground.clock, ground.folder.blob_folder))


def open_new(data_dir: Path, values: Mapping[str, Any], clock: Clock | None = None) -> Ground:
    """Write `node.toml` where there is none, then open the ground with its database brought up to date."""
    if not (data_dir / "node.toml").exists():
        write_node_toml(data_dir, values)
    settings = load_settings(data_dir)
    ensure_field_keys(field_keys_path(settings), read_passphrase(settings.passphrase_file))
    ground = open_ground(settings, clock)
    upgrade(ground.database.engine)
    return ground


def establish(ground: Ground) -> Established:
    """Everything a node needs besides its place in the network: regions, catalogue, calendar, institution, operator."""
    settings, clock = ground.settings, ground.clock
    regions = resources.files("config").joinpath("regions/regions-nantong.csv").read_text(encoding="utf-8")
    with ground.database.transaction() as session:
        if find_region(session, settings.code) is None:
            import_regions(session, regions)
        imports = list_imports(session, 1)
        items = imports[0].added if imports else import_catalogue(session, shipped_catalogue(), clock).added
        seed_calendar(session, clock.now())
    institution, posts = _found(ground)
    return Established(settings, institution, posts, items, regions.count("\n") - 1, _first_operator(ground))


def _found(ground: Ground) -> tuple[str, tuple[str, ...]]:
    """The institution's name and the names of its posts; founded now where it is not."""
    settings, clock = ground.settings, ground.clock
    with ground.database.transaction() as session:
        if is_founded(session):
            return the_institution(session).name, tuple(posts_by_name(session))
        region = find_region(session, settings.code)
        region_name = settings.name if region is None else region.name
        founding = Founding(
            level=settings.level,
            region=settings.code,
            region_name=region_name,
            institution_name="" if settings.name == region_name else settings.name,
            phone=settings.phone,
            departments=department_names(session, local_date(clock.now()), settings.level),
            **({"hours": settings.hours} if settings.hours else {}),
        )
        founded = found_institution(session, founding, clock)
    return founded.institution_name, founded.posts


def is_founded(session: Session) -> bool:
    """Whether the node has its institution."""
    try:
        the_institution(session)
    except Problem as problem:
        if problem.code == "not-founded":
            return False
        raise
    return True


def _first_operator(ground: Ground) -> Added | None:
    """The first account, which adds the others; None when there is one already."""
    with ground.database.reading() as session:
        if list_staff(session, local_date(ground.clock.now()), limit=1).lines:
            return None
        posts = posts_by_name(session)
    post = next((name for name in posts if name.startswith(OPERATOR_ROLE)), None)
    new = NewStaff(OPERATOR_LOGIN, OPERATOR_ROLE, () if post is None else (post,))
    prepared = prepare_staff(ground.passwords, new)
    with ground.database.transaction() as session:
        return add_staff(session, prepared, ground.clock)
