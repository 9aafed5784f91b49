"""The same matter over real processes, streams, seals and blobs: a village and its township."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
import requests

from node.catalogue.rules import Handling
from tests.integration.cases.network import item
from tests.integration.cases.stories import SECRETS
from tests.integration.cases.test_api import filled
from tests.support.processes import eventually, free_port, run, serving

TOWNSHIP, VILLAGE = "320623101000", "320623101001"
FAST = ("--set", "pull_interval_s=1", "--set", "ledger_interval_s=1", "--set", "push_interval_s=1")
PASSWORD = "correct-horse-battery"
PROXIED = item(
    lambda v: (
        v.deciding_level == "township"
        and v.handling is Handling.IMMEDIATE
        and "village" in v.proxy_levels
        and not v.sensitive
    )
)


class Desk:
    """A member of staff at a node's API."""

    def __init__(self, url: str, login: str) -> None:
        self.url = f"{url}/api/v1"
        self.session = requests.Session()
        self.session.trust_env = False
        answer = self.session.post(
            f"{self.url}/tokens", json={"login": login, "password": PASSWORD}, timeout=30
        )
        self.session.headers["Authorization"] = f"Bearer {answer.json()['token']}"

    def get(self, path: str) -> Any:
        return self.session.get(self.url + path, timeout=30).json()

    def post(self, path: str, body: Any = None) -> Any:
        answer = self.session.post(self.url + path, json=body or {}, timeout=30)
        assert answer.status_code in (200, 201), answer.text
        return answer.json()

    def status(self, number: str) -> str:
        return str(self.get(f"/cases/{number}").get("status", ""))


def staffed(data: Path, login: str, post: str) -> None:
    run(
        "staff",
        "add",
        "--data",
        str(data),
        "--login",
        login,
        "--name",
        "李芳",
        "--post",
        post,
        "--password",
        PASSWORD,
    )


@pytest.mark.slow
def test_a_proxied_matter_with_an_attachment_goes_up_is_decided_and_comes_home(tmp_path: Path) -> None:
    township, village = tmp_path / "township", tmp_path / "village"
    run(
        *("init", "--data", str(township), "--network", "nantong.example", "--code", TOWNSHIP),
        *("--level", "township", "--name", "洋口镇", "--port", str(free_port()), *FAST),
    )
    run("init", "--data", str(village), "--port", str(free_port()), *FAST)
    invited = run(
        *(
            "invite",
            "--data",
            str(township),
            "--code",
            VILLAGE,
            "--level",
            "village",
            "--name",
            "四海社区居委会",
        )
    )
    with serving(township) as upper:
        run("join", "--data", str(village), invited["invitation"])
        for data in (township, village):
            run("catalogue", "import", "--data", str(data))
        staffed(township, "wang", "窗口负责人")
        staffed(village, "chen", "代办员")
        with serving(village) as lower:
            agent, head = Desk(lower.url, "chen"), Desk(upper.url, "wang")
            made = agent.post("/cases", filled(PROXIED))
            number = made["number"]
            content = "户口簿 顾海燕".encode()
            upload = {"material": "m1", "name": "户口簿.png", "media": "image/png"}
            upload["content"] = base64.b64encode(content).decode()
            kept = agent.post(f"/cases/{number}/attachments", upload)
            agent.post(f"/cases/{number}/acts/offer", {"entrustment_signed": True})
            assert eventually(lambda: head.status(number) == "RECEIVED")
            assert eventually(lambda: agent.get(f"/cases/{number}")["truths"]["stage"] == "taken")
            assert eventually(lambda: head.get(f"/cases/{number}")["attachments"][0]["arrived"])
            file = head.session.get(f"{head.url}/cases/{number}/attachments/{kept['sha256']}", timeout=30)
            assert file.content == content
            head.post(f"/cases/{number}/acts/settle")
            assert eventually(lambda: "deliver" in agent.get(f"/cases/{number}")["acts"])
            agent.post(f"/cases/{number}/acts/deliver")
            agent.post(f"/cases/{number}/acts/close")
            assert eventually(lambda: head.status(number) == "CLOSED")
            case = agent.get(f"/cases/{number}")
            assert (case["status"], case["path"]) == ("CLOSED", [VILLAGE, TOWNSHIP])
            assert case["truths"]["received_at"] is not None
            code = made["query_code"]
            proof = f"{lower.url}/api/v1/public/cases/{number}/proof?query_code={code}"
            assert eventually(
                lambda: requests.get(proof, timeout=30).headers.get("Bianmin-Witnessed") == "yes"
            )
            lower.stop()
        upper.stop()
    for data in (township, village):
        assert run("fsck", "--data", str(data))["holds"] is True
        stored = b"".join(path.read_bytes() for path in data.rglob("*") if path.is_file())
        assert not any(secret.encode() in stored for secret in SECRETS)
