"""Settings: three sources, every mistake told at once with key and way out, a file that explains itself."""

from __future__ import annotations

import dataclasses
import re
import tomllib
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from config.loading import SettingsError, load_settings, write_node_toml
from config.schema import SettingsSchema
from config.settings import LEVELS, Settings

VILLAGE: dict[str, Any] = {
    "network": "nantong.example",
    "code": "320623101001",
    "level": "village",
    "name": "示例村便民服务室",
}


def write(folder: Path, text: str) -> None:
    (folder / "node.toml").write_text(text, encoding="utf-8")


def told(folder: Path, environ: dict[str, str] | None = None, **values: Any) -> Settings:
    write_node_toml(folder, {**VILLAGE, **values})
    return load_settings(folder, environ or {})


def problems_of(folder: Path, text: str, environ: dict[str, str] | None = None) -> list[tuple[str, str]]:
    write(folder, text)
    with pytest.raises(SettingsError) as caught:
        load_settings(folder, environ or {})
    assert all(problem.en for problem in caught.value.problems)
    return [(problem.key, problem.zh) for problem in caught.value.problems]


def test_four_values_are_enough_for_a_node(tmp_path: Path) -> None:
    settings = told(tmp_path)
    assert (settings.network, settings.code, settings.level, settings.name) == tuple(VILLAGE.values())
    assert settings.data_dir == tmp_path
    assert settings.database_url == f"sqlite:///{tmp_path}/node.db"
    assert settings.public_url == "http://127.0.0.1:8604"
    assert settings.timezone == ZoneInfo("Asia/Shanghai")
    assert settings.passphrase_file is None


@pytest.mark.parametrize("level", LEVELS)
def test_every_level_has_its_own_port_by_default(tmp_path: Path, level: str) -> None:
    assert told(tmp_path, level=level).listen_port == 8601 + LEVELS.index(level)


def test_the_environment_wins_over_the_file_and_the_file_over_the_level(tmp_path: Path) -> None:
    settings = told(tmp_path, {"BIANMIN_LISTEN_PORT": "9000"}, listen_port=8000, push_interval_s=7)
    assert (settings.listen_port, settings.push_interval_s, settings.ledger_interval_s) == (9000, 7.0, 600.0)


def test_the_level_may_come_from_the_environment_too(tmp_path: Path) -> None:
    assert told(tmp_path, {"BIANMIN_LEVEL": "county"}).listen_port == 8602


@pytest.mark.parametrize(("text", "flag"), [("true", True), ("1", True), ("off", False), ("No", False)])
def test_flags_of_the_environment_are_words(tmp_path: Path, text: str, flag: bool) -> None:
    assert told(tmp_path, {"BIANMIN_DEMO_MODE": text}).demo_mode is flag


def test_paths_are_read_from_the_nodes_folder(tmp_path: Path) -> None:
    settings = told(tmp_path, passphrase_file="secret/passphrase", ca_file="/etc/ca.pem")
    assert settings.passphrase_file == tmp_path / "secret/passphrase"
    assert settings.ca_file == Path("/etc/ca.pem")


def test_every_mistake_is_told_at_once(tmp_path: Path) -> None:
    found = problems_of(
        tmp_path,
        'network = "Nantong"\nlevel = "town"\nname = ""\nlisten_prot = 1\nlisten_port = 70000\n'
        'demo_mode = "maybe"\ntimezone = "Asia/Nantong"\n',
        {"BIANMIN_PULL_INTERVAL_S": "soon", "BIANMIN_LISTEN_HOSTS": "x", "BIANMIN_KILLS": "50"},
    )
    assert sorted(key for key, _ in found) == [
        "code",
        "demo_mode",
        "level",
        "listen_hosts",
        "listen_port",
        "listen_prot",
        "name",
        "network",
        "pull_interval_s",
        "timezone",
    ]
    sentences = dict(found)
    assert "是否指 listen_port" in sentences["listen_prot"]
    assert "是否指 listen_host" in sentences["listen_hosts"]
    assert sentences["code"].startswith("缺少 code")
    assert "0 至 65535 的整数,现为“70000”" in sentences["listen_port"]


def test_a_problem_says_where_its_value_came_from(tmp_path: Path) -> None:
    write_node_toml(tmp_path, VILLAGE)
    with pytest.raises(SettingsError) as caught:
        load_settings(tmp_path, {"BIANMIN_LISTEN_PORT": "http"})
    assert caught.value.problems[0].source == "BIANMIN_LISTEN_PORT"
    assert "BIANMIN_LISTEN_PORT" in caught.value.sentence("zh")
    assert "must be a whole number from 0 to 65535; it is 'http'" in caught.value.sentence("en")


def test_a_password_in_an_address_is_not_repeated(tmp_path: Path) -> None:
    [(key, sentence)] = problems_of(
        tmp_path,
        "\n".join(f'{key} = "{value}"' for key, value in VILLAGE.items())
        + '\ndatabase_url = "mysql://bianmin:hunter2@db/bianmin"\n',
    )
    assert key == "database_url"
    assert "hunter2" not in sentence


@pytest.mark.parametrize(
    ("values", "key"),
    [
        ({"public_url": "http://bianmin.example"}, "public_url"),
        ({"public_url": "https://bianmin.example/path"}, "public_url"),
        ({"public_url": "ftp://bianmin.example"}, "public_url"),
        ({"secure_cookies": True}, "secure_cookies"),
        ({"session_idle_s": 50_000}, "session_idle_s"),
        ({"database_url": "sqlite:///node.db"}, "database_url"),
        ({"listen_port": 80.5}, "listen_port"),
        ({"listen_port": True}, "listen_port"),
        ({"ledger_interval_s": 901}, "ledger_interval_s"),
        ({"attachment_bytes": 67_108_864}, "attachment_bytes"),
        ({"code": "32062310100１"}, "code"),
        ({"network": "nantong.example\n"}, "network"),
        ({"push_interval_s": float("nan")}, "push_interval_s"),
        ({"smtp_url": "mail.example"}, "smtp_url"),
    ],
)
def test_a_value_that_will_not_do_is_not_written(tmp_path: Path, values: dict[str, Any], key: str) -> None:
    with pytest.raises(SettingsError) as caught:
        write_node_toml(tmp_path, {**VILLAGE, **values})
    assert [problem.key for problem in caught.value.problems] == [key]
    assert list(tmp_path.iterdir()) == []


def test_plain_http_is_for_this_machine_or_said_aloud(tmp_path: Path) -> None:
    settings = told(tmp_path, public_url="http://10.1.2.3:8604/", allow_plain_http=True)
    assert settings.public_url == "http://10.1.2.3:8604"


def test_a_node_is_not_made_over_another(tmp_path: Path) -> None:
    write_node_toml(tmp_path, VILLAGE)
    with pytest.raises(SettingsError, match="holds a node already"):
        write_node_toml(tmp_path, {**VILLAGE, "name": "别的村"})
    assert load_settings(tmp_path, {}).name == VILLAGE["name"]


def test_a_folder_without_a_node_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings(tmp_path, {})
    assert "bianmin init" in caught.value.zh


def test_a_file_that_is_no_toml_is_told_with_its_line(tmp_path: Path) -> None:
    [(key, sentence)] = problems_of(tmp_path, "network = nantong\n")
    assert key == ""
    assert "line 1" in sentence
    assert "双引号" in sentence


def test_the_file_is_the_owners_alone_and_explains_every_setting(tmp_path: Path) -> None:
    path = write_node_toml(tmp_path, VILLAGE)
    assert path.stat().st_mode & 0o777 == 0o600
    text = path.read_text(encoding="utf-8")
    for key in SettingsSchema().fields:
        assert re.search(rf"^(# )?{key} = ", text, re.MULTILINE), key


def test_the_commented_defaults_are_the_defaults(tmp_path: Path) -> None:
    path = write_node_toml(tmp_path, VILLAGE)
    before = load_settings(tmp_path, {})
    text = re.sub(r"^# ([a-z_]+ = )", r"\1", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert set(tomllib.loads(text)) == set(SettingsSchema().fields)
    write(tmp_path, text)
    assert load_settings(tmp_path, {}) == before


def test_settings_and_schema_name_the_same_things() -> None:
    named = {field.name for field in dataclasses.fields(Settings)} - {"data_dir"}
    assert named == set(SettingsSchema().fields)


def test_settings_cannot_be_changed(tmp_path: Path) -> None:
    settings = told(tmp_path)
    with pytest.raises(dataclasses.FrozenInstanceError):
        settings.name = "别的"  # type: ignore[misc]


def test_the_three_top_packages_are_this_projects() -> None:
    import config
    import federation
    import node

    root = Path(__file__).resolve().parents[3]
    assert {Path(str(one.__file__)).parents[1] for one in (config, federation, node)} == {root}
