"""People of the demonstration fill forms that hold."""

from __future__ import annotations

from datetime import date

import pytest
from stdnum.cn import ric, uscc

from demo.applicants import Applicants, Surroundings
from demo.visits import read_visits
from node.catalogue.document import read_catalogue
from node.catalogue.filling import check_form
from node.catalogue.forms import form_book, form_for, plain_form
from node.catalogue.rules import ItemVersion
from node.catalogue.service import shipped_catalogue
from node.kernel.identity_numbers import check_resident_id

TODAY = date(2026, 11, 24)


@pytest.fixture(scope="module")
def items() -> dict[str, ItemVersion]:
    catalogue = read_catalogue(shipped_catalogue(), form_book().fields_of)
    return {version.code: version for version in catalogue.versions}


@pytest.mark.parametrize("seed", range(5))
def test_numbers_of_made_up_people_check(seed: int) -> None:
    people = Applicants(seed, Surroundings("望海台村", "320612104210", TODAY))
    assert uscc.is_valid(people.uscc())
    number = people.resident_id()
    check_resident_id(number, TODAY)
    assert ric.calc_check_digit(number) == number[-1]


@pytest.mark.parametrize("seed", range(20))
def test_every_form_of_the_script_is_filled_without_a_mistake(
    seed: int, items: dict[str, ItemVersion]
) -> None:
    people = Applicants(seed, Surroundings("望海台村", "320612104210", TODAY))
    wrong = {}
    for visit in read_visits():
        form = form_for(items[visit.item])
        plain = plain_form(form)
        values = {"applicant": people.applicant(plain), "form": people.fill(plain["fields"])}
        errors = check_form(form, values, TODAY)
        if errors:
            wrong[visit.item] = [(error.field, error.zh) for error in errors]
    assert wrong == {}
