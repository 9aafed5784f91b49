"""Reading a node's settings: the level's defaults, then `<data_dir>/node.toml`, then `BIANMIN_*`; last one wins.

Everything that is wrong is told at once, each with its key, its place and the way out, in Chinese and English.
"""

from __future__ import annotations

import difflib
import ipaddress
import json
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from marshmallow import ValidationError

from config.schema import SECRET_KEYS, SettingsSchema
from config.settings import LEVELS, Settings

FILE_NAME = "node.toml"
PREFIX = "BIANMIN_"
FILE_MODE = 0o600
_TYPO_CUTOFF = 0.8
_VALUE_SHOWN = 60
_SCHEMA = SettingsSchema()
_KEYS = tuple(_SCHEMA.fields)


@dataclass(frozen=True, slots=True)
class SettingProblem:
    """One thing that is wrong.

    Attributes:
        key: the setting; "" when it is the file as a whole.
        source: where the value came from: a path, or the name of an environment variable.
    """

    key: str
    source: str
    zh: str
    en: str


class SettingsError(Exception):
    """The settings cannot be used; everything that is wrong with them."""

    code = "settings"

    def __init__(self, problems: list[SettingProblem]) -> None:
        super().__init__("; ".join(problem.en for problem in problems))
        self.problems = tuple(problems)

    @property
    def zh(self) -> str:
        """Every problem, one a line, in Chinese."""
        return "\n".join(f"{problem.zh}(来自 {problem.source})。" for problem in self.problems)

    @property
    def en(self) -> str:
        """Every problem, one a line, in English."""
        return "\n".join(f"{problem.en} (from {problem.source})." for problem in self.problems)

    def sentence(self, language: str) -> str:
        """The problems in a language."""
        return self.en if language == "en" else self.zh


def load_settings(data_dir: Path, environ: Mapping[str, str] | None = None) -> Settings:
    """The settings of the node whose folder this is.

    Args:
        data_dir: the folder that holds `node.toml`; made absolute.
        environ: the process's environment; `os.environ` when None.

    Raises:
        SettingsError: with every problem there is.
    """
    folder = data_dir.absolute()
    path = folder / FILE_NAME
    return _build(folder, _read_file(path), str(path), os.environ if environ is None else environ)


def write_node_toml(data_dir: Path, values: Mapping[str, Any]) -> Path:
    """Writes `node.toml` of a new node: the values given, and every other key with its default as a comment.

    Args:
        values: at least network, code, level, name.

    Returns:
        Its path; durable when it returns.

    Raises:
        SettingsError: a value will not do, or the file is there already (nothing is written).
    """
    folder = data_dir.absolute()
    path = folder / FILE_NAME
    if path.exists():
        raise SettingsError(
            [
                SettingProblem(
                    "",
                    str(path),
                    "这个文件夹里已经有一个节点;请换一个文件夹,或直接修改 node.toml",
                    "this folder holds a node already; choose another folder, or edit node.toml",
                )
            ]
        )
    settings = _build(folder, dict(values), str(path), {})
    content = format_node_toml(values, settings).encode("utf-8")
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return path


def format_node_toml(values: Mapping[str, Any], settings: Settings) -> str:
    """The text of a `node.toml`: what is told, and beneath it, commented out, what else may be."""
    lines = [
        "# 本节点的设置。改后重启生效;环境变量 BIANMIN_<大写键名> 优先于本文件。",
        "# Settings of this node. Restart after a change; BIANMIN_<KEY> in the environment wins over this file.",
        "",
    ]
    lines += [f"{key} = {_as_toml(values[key])}" for key in _KEYS if key in values]
    lines += ["", "# 其余各项及其默认值 / Everything else, with its default:"]
    for key in _KEYS:
        if key not in values:
            rule = _SCHEMA.fields[key].metadata
            lines.append(f"# {key} = {_as_toml(getattr(settings, key))}    # {rule['zh']} / {rule['en']}")
    return "\n".join(lines) + "\n"


def _as_toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    return json.dumps("" if value is None else str(value), ensure_ascii=False)


def _read_file(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8-sig")
        return tomllib.loads(text)
    except FileNotFoundError as error:
        zh = "没有找到节点的设置文件;请先运行 bianmin init,或用 --data 指明节点的文件夹"
        en = "there is no settings file; run bianmin init first, or name the node's folder with --data"
        raise SettingsError([SettingProblem("", str(path), zh, en)]) from error
    except (OSError, UnicodeDecodeError) as error:
        zh, en = f"设置文件读不出来:{error}", f"the settings file cannot be read: {error}"
        raise SettingsError([SettingProblem("", str(path), zh, en)]) from error
    except tomllib.TOMLDecodeError as error:
        zh = f"设置文件不是正确的 TOML:{error};文字要加双引号"
        en = f"the settings file is not TOML: {error}; text stands in double quotes"
        raise SettingsError([SettingProblem("", str(path), zh, en)]) from error


def _build(folder: Path, told: dict[str, Any], path: str, environ: Mapping[str, str]) -> Settings:
    problems: list[SettingProblem] = []
    given = {key: environ[PREFIX + key.upper()] for key in _KEYS if PREFIX + key.upper() in environ}
    problems += _misspelled(environ)
    level = given.get("level", told.get("level"))
    values: dict[str, Any] = {**_level_defaults(level), **told, **given}
    sources = {key: PREFIX + key.upper() if key in given else path for key in {*values, *_KEYS}}
    try:
        loaded = _SCHEMA.load(values)
    except ValidationError as error:
        problems += [_problem(str(key), values, sources) for key in error.messages]
        raise SettingsError(problems) from error
    loaded = _completed(folder, loaded)
    problems += _contradictions(loaded, sources)
    if problems:
        raise SettingsError(problems)
    return Settings(data_dir=folder, **loaded)


def _level_defaults(level: Any) -> dict[str, Any]:
    if level not in LEVELS:
        return {}
    text = resources.files("config").joinpath(f"levels/{level}.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def _completed(folder: Path, loaded: Mapping[str, Any]) -> dict[str, Any]:
    """Paths made absolute from the node's folder; what follows from other settings filled in."""
    values = dict(loaded)
    for key in ("ca_file", "passphrase_file"):
        if values.get(key, "") == "":
            values.pop(key, None)
        else:
            values[key] = folder / Path(values[key]).expanduser()
    if "timezone" in values:
        values["timezone"] = ZoneInfo(values["timezone"])
    values.setdefault("database_url", f"sqlite:///{folder / 'node.db'}")
    host = values.get("listen_host", Settings.__dataclass_fields__["listen_host"].default)
    shown = "127.0.0.1" if host in ("0.0.0.0", "::") else f"[{host}]" if ":" in host else host  # noqa: S104
    values.setdefault("public_url", f"http://{shown}:{values['listen_port']}")
    values["public_url"] = values["public_url"].rstrip("/")
    return values


def _contradictions(loaded: Mapping[str, Any], sources: Mapping[str, str]) -> list[SettingProblem]:
    problems = []
    address = urlsplit(loaded["public_url"])
    if (
        address.scheme == "http"
        and not _is_loopback(address.hostname or "")
        and not loaded.get("allow_plain_http")
    ):
        problems.append(
            SettingProblem(
                "public_url",
                sources["public_url"],
                "public_url 用的是明文 http;请改用 https,确属内网专线时把 allow_plain_http 设为 true",
                "public_url is plain http; use https, or set allow_plain_http to true on a private line",
            )
        )
    if loaded.get("secure_cookies") and address.scheme != "https":
        problems.append(
            SettingProblem(
                "secure_cookies",
                sources["secure_cookies"],
                "secure_cookies 只能与 https 的 public_url 同用,否则谁也登录不了",
                "secure_cookies goes with an https public_url only; nobody could sign in otherwise",
            )
        )
    idle, longest = (
        loaded.get("session_idle_s", 0),
        loaded.get("session_s", Settings.__dataclass_fields__["session_s"].default),
    )
    if idle > longest:
        problems.append(
            SettingProblem(
                "session_idle_s",
                sources["session_idle_s"],
                f"session_idle_s 不能大于 session_s({longest})",
                f"session_idle_s cannot exceed session_s ({longest})",
            )
        )
    return problems


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _misspelled(environ: Mapping[str, str]) -> list[SettingProblem]:
    """Variables that look like a setting and are none; others with the prefix belong to somebody else."""
    problems = []
    for name in sorted(environ):
        key = name.removeprefix(PREFIX).lower()
        if name.startswith(PREFIX) and key not in _KEYS and _alike(key) is not None:
            problems.append(_unknown(key, name))
    return problems


def _alike(key: str) -> str | None:
    return next(iter(difflib.get_close_matches(key, _KEYS, 1, _TYPO_CUTOFF)), None)


def _unknown(key: str, source: str) -> SettingProblem:
    alike = _alike(key)
    zh, en = f"没有 {key} 这项设置", f"there is no setting {key}"
    if alike is not None:
        zh, en = f"{zh},是否指 {alike}?", f"{en}; is {alike} meant?"
    return SettingProblem(key, source, zh, en)


def _problem(key: str, values: Mapping[str, Any], sources: Mapping[str, str]) -> SettingProblem:
    if key not in _KEYS:
        return _unknown(key, sources[key])
    rule = _SCHEMA.fields[key].metadata
    if key not in values:
        return SettingProblem(
            key, sources[key], f"缺少 {key}:{rule['zh']}", f"{key} is missing: it {rule['en']}"
        )
    zh, en = f"{key} {rule['zh']}", f"{key} {rule['en']}"
    if key not in SECRET_KEYS:
        shown = str(values[key])[:_VALUE_SHOWN]
        zh, en = f"{zh},现为“{shown}”", f"{en}; it is {shown!r}"
    return SettingProblem(key, sources[key], zh, en)
