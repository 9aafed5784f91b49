"""Setting up an institution."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from node.kernel.clock import FixedClock
from node.kernel.database import Database
from node.kernel.problems import Problem
from node.people.actors import serving_today, the_institution
from node.people.authority import role_book
from node.people.founding import Founding, found_institution
from node.people.rules import LEVELS
from node.people.tables import AuthorizationRow, DepartmentRow, PostRow


@pytest.mark.parametrize(
    ("level", "region", "name", "institution", "organ"),
    [
        ("village", "320612001001", "东市社区居委会", "东市社区居委会便民服务室", "东市社区居委会"),
        ("township", "320612001000", "金沙街道", "金沙街道便民服务中心", "金沙街道办事处"),
        ("township", "320612100000", "西亭镇", "西亭镇便民服务中心", "西亭镇人民政府"),
        ("county", "320612000000", "通州区", "通州区政务服务中心", "通州区行政审批局"),
        ("city", "320600000000", "南通市", "南通市政务服务中心", "南通市行政审批局"),
    ],
)
def test_institution_is_named_by_its_level_unless_told_otherwise(
    database: Database, clock: FixedClock, level: str, region: str, name: str, institution: str, organ: str
) -> None:
    with database.transaction() as session:
        founded = found_institution(session, Founding(level, region, name), clock)
        shown = the_institution(session)
    assert founded.institution_name == shown.name == institution
    assert shown.organ_name == organ
    assert (shown.level, shown.region) == (level, region)


def test_own_names_are_kept(database: Database, clock: FixedClock) -> None:
    founding = Founding("county", "320612000000", "通州区", "行政审批大厅", "通州区政务服务管理办公室")
    with database.transaction() as session:
        found_institution(session, founding, clock)
        assert the_institution(session).name == "行政审批大厅"
        assert the_institution(session).organ_name == "通州区政务服务管理办公室"


@pytest.mark.parametrize("level", LEVELS)
def test_every_level_gets_the_posts_of_the_role_book_with_authorizations(
    database: Database, clock: FixedClock, level: str
) -> None:
    with database.transaction() as session:
        founded = found_institution(session, Founding(level, "320600000000", "某地"), clock)
        posts = {post.id: post.role for post in session.scalars(select(PostRow))}
        grants = list(session.scalars(select(AuthorizationRow)))
    roles = role_book().roles[level]
    assert len(founded.posts) == sum(role.count for role in roles.values())
    assert set(posts.values()) == set(roles)
    for grant in grants:
        assert grant.post_id is not None
        assert set(grant.powers) == roles[posts[grant.post_id]].powers
        assert grant.items == ["*"]
        assert (grant.to_on.year - grant.from_on.year) == role_book().authorization_years
    assert {grant.post_id for grant in grants} == {
        post_id for post_id, role in posts.items() if roles[role].powers
    }


def test_second_founding_is_refused(county: Database, clock: FixedClock) -> None:
    with pytest.raises(Problem) as refused, county.transaction() as session:
        found_institution(session, Founding("county", "320612000000", "通州区"), clock)
    assert refused.value.code == "already-founded"
    with county.reading() as session:
        assert len(list(session.scalars(select(PostRow)))) == len(set(session.scalars(select(PostRow.name))))


def test_departments_are_made_from_their_catalogue_ids(database: Database, clock: FixedClock) -> None:
    founding = Founding("county", "320612000000", "通州区", departments={"MZ": "区民政局", "GA": "区公安局"})
    with database.transaction() as session:
        found_institution(session, founding, clock)
        assert dict(session.execute(select(DepartmentRow.code, DepartmentRow.name)).all()) == {
            "MZ": "区民政局",
            "GA": "区公安局",
        }


def test_nothing_is_served_before_the_founding(database: Database, clock: FixedClock) -> None:
    with database.reading() as session, pytest.raises(Problem) as refused:
        serving_today(session, clock.now().date())
    assert refused.value.code == "not-founded"
