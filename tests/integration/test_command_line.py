"""The command line on a real node: setting up, mistakes with the way out, keys under a passphrase, stock."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from flask import Flask

from node.cli.main import bianmin
from node.cli.serving import WebServer
from node.kernel.problems import EXIT_CONFLICT, EXIT_SETUP, EXIT_TRY_LATER, EXIT_USAGE, Problem

TOP = (
    *("--network", "nantong.example", "--code", "320623101000"),
    *("--level", "township", "--name", "洋口镇", "--port", "18999"),
)


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(bianmin, list(arguments))


def _json(*arguments: str) -> Any:
    done = _run(*arguments, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def top(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A founded node whose keys have a passphrase."""
    folder = tmp_path_factory.mktemp("top")
    secret = folder / "passphrase"
    secret.write_text("correct horse battery", encoding="utf-8")
    secret.chmod(0o600)
    made = _json("init", "--data", str(folder), *TOP, "--passphrase-file", str(secret))
    assert made["institution"] == "洋口镇便民服务中心"
    assert made["items"] > 100
    return folder


def test_a_new_node_has_its_files_for_its_owner_only(top: Path) -> None:
    private = [top / "node.toml", top / "field-keys.json", top / "node.db", top / "keys" / "1" / "node.pem"]
    assert {path.stat().st_mode & 0o077 for path in private} == {0}


def test_the_first_accounts_password_is_shown_once_and_kept_nowhere(tmp_path: Path) -> None:
    made = _json("init", "--data", str(tmp_path), *TOP)
    password = made["operator"]["initial_password"].encode()
    assert len(password) == 14
    kept = [path for path in tmp_path.rglob("*") if path.is_file() and password in path.read_bytes()]
    assert kept == []


def test_a_folder_that_holds_a_node_is_left_alone(top: Path) -> None:
    before = (top / "node.toml").read_bytes()
    done = _run("init", "--data", str(top), *TOP)
    assert done.exit_code == EXIT_CONFLICT
    assert "没有做任何改动" in done.stderr
    assert (top / "node.toml").read_bytes() == before


def test_a_top_needs_all_four_words(tmp_path: Path) -> None:
    done = _run("init", "--data", str(tmp_path / "x"), "--network", "nantong.example")
    assert done.exit_code == EXIT_USAGE
    assert "--level" in done.stderr
    assert not (tmp_path / "x").exists()


def test_a_wrong_passphrase_is_one_sentence_that_names_the_setting(top: Path) -> None:
    secret = top / "passphrase"
    good = secret.read_text(encoding="utf-8")
    secret.write_text("wrong", encoding="utf-8")
    try:
        done = _run("status", "--data", str(top))
    finally:
        secret.write_text(good, encoding="utf-8")
    assert done.exit_code == EXIT_SETUP
    assert "口令" in done.stderr
    assert "passphrase_file" in done.stderr
    assert done.stderr.count("\n") == 1
    assert _json("status", "--data", str(top))["code"] == "320623101000"


def test_a_mistake_in_the_settings_is_told_with_its_place(top: Path) -> None:
    done = CliRunner().invoke(bianmin, ["status", "--data", str(top)], env={"BIANMIN_LISTEN_PORT": "99999"})
    assert done.exit_code == EXIT_SETUP
    assert "listen_port" in done.stderr
    assert "BIANMIN_LISTEN_PORT" in done.stderr


def test_a_busy_port_is_one_sentence() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(Problem, match="port-busy") as refused:
            WebServer(Flask("x"), "127.0.0.1", port)
    assert str(port) in refused.value.zh


def test_joining_with_something_that_is_no_invitation_changes_nothing(tmp_path: Path) -> None:
    done = _run("join", "--data", str(tmp_path / "v"), "abc")
    assert done.exit_code == 1
    assert "重新完整复制" in done.stderr
    assert not (tmp_path / "v").exists()


def test_joining_while_the_parent_is_away_can_be_tried_again(top: Path, tmp_path: Path) -> None:
    invited = _json(
        "invite", "--data", str(top), "--code", "320623101001", "--level", "village", "--name", "某村"
    )
    folder = tmp_path / "village"
    prepared = _json("init", "--data", str(folder))
    done = _run("join", "--data", str(folder), invited["invitation"])
    assert done.exit_code == EXIT_TRY_LATER
    assert "18999" in done.stderr
    assert not (folder / "node.toml").exists()
    assert prepared["joined"] is False


def test_a_node_that_has_not_joined_says_what_is_missing(tmp_path: Path) -> None:
    _json("init", "--data", str(tmp_path))
    done = _run("serve", "--data", str(tmp_path))
    assert done.exit_code == EXIT_SETUP
    assert "bianmin" in done.stderr


def test_status_doctor_keys_and_fsck_speak_json(top: Path) -> None:
    assert _json("status", "--data", str(top))["parent_url"] is None
    checks = {one["check"] for one in _json("doctor", "--data", str(top))["checks"]}
    assert checks >= {"parent", "clock", "keys", "statement", "disk", "calendar", "queue", "logs"}
    keys = _json("keys", "--data", str(top))
    assert all(name in text for name, text in keys["vkeys"].items())
    assert _json("fsck", "--data", str(top))["holds"] is True


def test_every_plain_answer_is_in_the_language_asked_for(top: Path) -> None:
    for command in ("status", "doctor", "keys", "fsck"):
        english = _run(command, "--data", str(top), "--lang", "en")
        chinese = _run(command, "--data", str(top))
        assert english.exit_code == chinese.exit_code == 0
        assert english.stdout != chinese.stdout


def test_staff_are_added_with_a_first_password(top: Path) -> None:
    added = _json(
        "staff", "add", "--data", str(top), "--login", "li", "--name", "李芳", "--post", "窗口人员1号"
    )
    assert added[0]["login"] == "li"
    assert added[0]["initial_password"]
    done = _run("staff", "add", "--data", str(top), "--login", "li", "--name", "李芳")
    assert done.exit_code == EXIT_CONFLICT


def test_the_shipped_catalogue_imported_again_changes_nothing(top: Path) -> None:
    done = _json("catalogue", "import", "--data", str(top))
    assert (done["added"], done["changed"], done["cancelled"]) == (0, 0, 0)


def test_a_top_rotates_its_keys_and_its_anchor_follows(top: Path) -> None:
    before = _json("anchor", "--data", str(top))["anchor"]
    rotated = _json("rotate", "--data", str(top))
    assert rotated["before"] == before
    assert _json("anchor", "--data", str(top))["anchor"] == rotated["after"] != before


def test_verify_tells_a_file_that_is_no_proof(top: Path, tmp_path: Path) -> None:
    file = tmp_path / "x.tlog-proof"
    file.write_text("hello", encoding="utf-8")
    done = _run("verify", "--data", str(top), str(file))
    assert done.exit_code == 8
    assert "不属实" in done.stdout
