"""`catalogue import`, `regions import`, `calendar import`, `staff add`: what a node is stocked with."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from node.catalogue.service import import_catalogue, shipped_catalogue
from node.cli.opening import ground_of, opened
from node.cli.output import Console, data_option, speaking
from node.kernel.calendar import import_calendar
from node.people.regions import import_regions
from node.people.service import Added, NewStaff, add_staff, prepare_staff, read_staff_list

FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.group("catalogue")
def catalogue() -> None:
    """事项目录 / The catalogue of items."""


@catalogue.command("import")
@data_option
@click.argument("file", type=FILE, required=False)
@click.option("--effective-on", type=click.DateTime(["%Y-%m-%d"]), help="施行日期 / in force from")
@speaking
def catalogue_import(
    console: Console, data_dir: Path, file: Path | None, effective_on: datetime | None
) -> None:
    """导入目录,默认导入随程序附带的 / Import a catalogue; by default the one that comes with the program."""
    text = shipped_catalogue() if file is None else file.read_text(encoding="utf-8")
    on = None if effective_on is None else effective_on.date()
    with ground_of(data_dir) as node, node.database.transaction() as session:
        done = import_catalogue(session, text, node.clock, on)
    console.say(
        f"{done.effective_on} 起施行:新增 {done.added},修改 {done.changed},取消 {done.cancelled},不变 {done.unchanged}",
        f"in force from {done.effective_on}: added {done.added}, changed {done.changed}, cancelled {done.cancelled}, "
        f"unchanged {done.unchanged}",
    )
    console.document(
        {
            "effective_on": done.effective_on.isoformat(),
            "added": done.added,
            "changed": done.changed,
            "cancelled": done.cancelled,
            "unchanged": done.unchanged,
        }
    )


@click.group("regions")
def regions() -> None:
    """行政区划 / The administrative division."""


@regions.command("import")
@data_option
@click.argument("file", type=FILE)
@speaking
def regions_import(console: Console, data_dir: Path, file: Path) -> None:
    """导入区划 CSV / Import a division from CSV."""
    with ground_of(data_dir) as node, node.database.transaction() as session:
        count = import_regions(session, file.read_text(encoding="utf-8"))
    console.say(f"已导入 {count} 个单位。", f"{count} units imported.")
    console.document({"units": count})


@click.group("calendar")
def calendar() -> None:
    """工作日历 / The work calendar."""


@calendar.command("import")
@data_option
@click.argument("file", type=FILE)
@click.option("--source", required=True, help="通知名称和文号 / name and number of the notice")
@speaking
def calendar_import(console: Console, data_dir: Path, file: Path, source: str) -> None:
    """导入国务院放假通知 / Import a year's official notice."""
    text = file.read_text(encoding="utf-8")
    with ground_of(data_dir) as node, node.database.transaction() as session:
        done = import_calendar(session, text, source=source, now=node.clock.now())
    years = ", ".join(str(year) for year in done.years)
    console.say(
        f"{years} 年日历已导入,{len(done.changed)} 天有变动。",
        f"Calendar of {years} imported; {len(done.changed)} days changed.",
    )
    console.document({"years": list(done.years), "changed": [day.isoformat() for day in done.changed]})


@click.group("staff")
def staff() -> None:
    """工作人员 / Staff."""


@staff.command("add")
@data_option
@click.option("--login", help="账号 / account")
@click.option("--name", help="姓名 / name")
@click.option("--post", "posts", multiple=True, help="岗位,可多个 / post, more than one allowed")
@click.option("--password", help="密码;不写则生成初始密码 / password; one is made when left out")
@click.option("--csv", "file", type=FILE, help="名单 CSV(login,name,posts,phone)/ a list in CSV")
@speaking
def staff_add(
    console: Console,
    data_dir: Path,
    login: str | None,
    name: str | None,
    posts: tuple[str, ...],
    password: str | None,
    file: Path | None,
) -> None:
    """添加工作人员;初始密码只显示一次 / Add staff; a first password is shown once."""
    if file is not None:
        people = read_staff_list(file.read_text(encoding="utf-8"))
    elif login is not None and name is not None:
        people = [NewStaff(login, name, posts, password=password)]
    else:
        raise click.UsageError("--csv FILE | --login … --name …")
    with opened(data_dir) as node:
        prepared = [prepare_staff(node.passwords, one) for one in people]
        with node.database.transaction() as session:
            added = [add_staff(session, one, node.clock) for one in prepared]
    for one in added:
        _tell(console, one)
    console.document(
        [
            {
                "login": one.login,
                "name": one.name,
                "posts": list(one.posts),
                "initial_password": one.initial_password or None,
            }
            for one in added
        ]
    )


def _tell(console: Console, one: Added) -> None:
    posts = "、".join(one.posts)
    if one.initial_password:
        console.say(
            f"{one.login} {one.name} {posts} 初始密码 {one.initial_password}",
            f"{one.login} {one.name} {posts} first password {one.initial_password}",
        )
    else:
        console.say(f"{one.login} {one.name} {posts}", f"{one.login} {one.name} {posts}")


COMMANDS = (catalogue, regions, calendar, staff)
