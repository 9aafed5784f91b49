"""How commands speak and end: sentences or one document, the same exit code either way."""

from __future__ import annotations

import errno
import json
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from federation.enrolment import InvitationError
from federation.errors import FederationError, ProtocolError
from federation.keyfiles import PassphraseError
from node.cli.main import MODULES, bianmin
from node.cli.output import Console, speaking
from node.cli.problems import EXIT_CODES, busy_port, from_disk, from_library
from node.kernel.problems import EXIT_CONFLICT, EXIT_FORBIDDEN, EXIT_SETUP, EXIT_STORAGE, Problem


def _command(error: Exception | None = None) -> click.Command:
    @click.command()
    @speaking
    def act(console: Console) -> None:
        """An act."""
        if error is not None:
            raise error
        console.say("好了", "done")
        console.document({"done": True})

    return act


def test_a_command_speaks_chinese_unless_told_otherwise() -> None:
    assert CliRunner().invoke(_command()).output == "好了\n"
    assert CliRunner().invoke(_command(), ["--lang", "en"]).output == "done\n"
    assert CliRunner().invoke(_command(), [], env={"BIANMIN_LANG": "en"}).output == "done\n"


def test_json_is_the_only_thing_on_standard_output() -> None:
    assert json.loads(CliRunner().invoke(_command(), ["--json"]).stdout) == {"done": True}


def test_a_refusal_is_a_sentence_on_standard_error_and_an_exit_code() -> None:
    done = CliRunner().invoke(_command(Problem("x", "不行。", "No.", 409)))
    assert (done.exit_code, done.stdout, done.stderr) == (EXIT_CONFLICT, "", "不行。\n")


def test_a_refusal_with_json_is_its_problem_document_and_the_same_exit_code() -> None:
    done = CliRunner().invoke(_command(Problem("x", "不行。", "No.", 409)), ["--json"])
    document = json.loads(done.stdout)
    assert (done.exit_code, document["type"], document["title"]) == (
        EXIT_CONFLICT,
        "urn:bianmin:problem:x",
        "不行。",
    )


@pytest.mark.parametrize(
    ("error", "code", "exit_code", "says"),
    [
        (PassphraseError("keys/1/node.pem: wrong"), "passphrase", EXIT_SETUP, "passphrase_file"),
        (ProtocolError("skew", 401, members={"delta_s": -7200}), "skew", EXIT_SETUP, "7200 秒"),
        (ProtocolError("token", 403), "token", EXIT_FORBIDDEN, "bianmin invite"),
        (InvitationError("old", code="invitation-expired"), "token", EXIT_FORBIDDEN, "重新发一份"),
        (InvitationError("cut off"), "invitation", 1, "重新完整复制"),
    ],
)
def test_what_operators_meet_has_a_sentence_with_the_way_out(
    error: FederationError, code: str, exit_code: int, says: str
) -> None:
    problem = from_library(error)
    assert (problem.code, problem.exit_code) == (code, exit_code)
    assert says in problem.zh
    assert problem.en != ""


def test_a_busy_port_is_one_sentence_that_names_it() -> None:
    problem = busy_port("127.0.0.1", 8604)
    assert problem.exit_code == EXIT_CONFLICT
    assert "8604" in problem.zh
    assert "--port" in problem.zh


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES])
def test_what_the_disk_refuses_ends_with_the_storage_code(number: int) -> None:
    assert from_disk(OSError(number, "no", "/data/x")).exit_code == EXIT_STORAGE


def test_every_exit_code_is_explained_in_both_languages() -> None:
    assert sorted(EXIT_CODES) == list(range(10))
    assert all(zh and en for zh, en in EXIT_CODES.values())


@pytest.mark.parametrize("name", [name for names in MODULES.values() for name in names])
def test_every_command_is_there_and_helps_in_both_languages(name: str) -> None:
    command = bianmin.get_command(click.Context(bianmin), name)
    assert command is not None
    assert command.help is not None
    zh, _, en = command.help.partition(" / ")
    assert any(ord(character) > 0x2E7F for character in zh)
    assert en.isascii()


def test_a_folder_without_a_node_says_how_to_make_one(tmp_path: Path) -> None:
    done = CliRunner().invoke(bianmin, ["status", "--data", str(tmp_path)])
    assert done.exit_code == EXIT_SETUP
    assert "bianmin init" in done.stderr
