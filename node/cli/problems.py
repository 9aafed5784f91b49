"""What the command line refuses, in sentences an operator can act on, and its exit codes."""

from __future__ import annotations

import errno
from collections.abc import Mapping
from pathlib import Path

from federation.errors import FederationError, ProtocolError
from node.kernel.database_problems import disk_full
from node.kernel.problems import (
    EXIT_CONFLICT,
    EXIT_FALSE,
    EXIT_FORBIDDEN,
    EXIT_NOT_FOUND,
    EXIT_REFUSED,
    EXIT_SETUP,
    EXIT_STORAGE,
    EXIT_TRY_LATER,
    EXIT_USAGE,
    Problem,
    from_federation,
)

EXIT_CODES: Mapping[int, tuple[str, str]] = {
    0: ("成功", "done"),
    EXIT_REFUSED: ("被拒绝:输入或当前状态不允许", "refused: the input or the state does not allow it"),
    EXIT_USAGE: ("命令行写法不对", "the command line itself is wrong"),
    EXIT_SETUP: (
        "缺少安装、配置或初始化",
        "something must be installed, configured or founded first",
    ),
    EXIT_NOT_FOUND: ("没有找到", "not found"),
    EXIT_CONFLICT: ("已被占用或已变更,请重新查看", "somebody or something got there first; look again"),
    EXIT_TRY_LATER: ("稍后再试可能成功", "the same call may succeed later"),
    EXIT_FORBIDDEN: ("没有权限", "not allowed"),
    EXIT_FALSE: (
        "证明、签名或账本不成立",
        "a proof, a signature or a ledger does not hold",
    ),
    EXIT_STORAGE: ("磁盘已满或无法读写", "the disk is full or cannot be used"),
}


def wrong_passphrase(where: str) -> Problem:
    """The keys do not open."""
    return Problem(
        "passphrase",
        f"密钥口令不对或没有配置,节点未启动。请核对 passphrase_file 所指文件的内容后再试。({where})",
        "The passphrase of the keys is wrong or not configured; the node was not started. Check the file named by "
        f"passphrase_file and try again. ({where})",
        exit_code=EXIT_SETUP,
    )


def busy_port(host: str, port: int) -> Problem:
    """Another program listens there."""
    return Problem(
        "port-busy",
        f"端口 {port} 已被其他程序占用(可能本节点已在运行)。请先停掉它,或用 --port 换一个端口。",
        f"Port {port} on {host} is in use by another program (perhaps this node runs already). Stop it, or choose "
        "another port with --port.",
        status=409,
        members={"port": port},
    )


def port_not_allowed(host: str, port: int, why: str) -> Problem:
    """The system does not let this process listen there."""
    return Problem(
        "port-not-allowed",
        f"无法在 {host}:{port} 上监听:{why}。请换用 1024 以上的端口,并核对 host 是否为本机地址。",
        f"Cannot listen on {host}:{port}: {why}. Use a port above 1024 and an address of this machine.",
        exit_code=EXIT_SETUP,
    )


def wrong_clock(delta_s: int | None) -> Problem:
    """This machine's clock is wrong."""
    by = "" if delta_s is None else f"约 {abs(delta_s)} 秒"
    by_en = "" if delta_s is None else f" by about {abs(delta_s)} s"
    return Problem(
        "skew",
        f"本机时钟与上级相差{by or '过大'}。请校准系统时间(如 timedatectl set-ntp true)后再试。",
        f"This machine's clock differs from the parent's{by_en or ' too much'}. Set the system time (for example "
        "timedatectl set-ntp true) and try again.",
        exit_code=EXIT_SETUP,
    )


def used_invitation() -> Problem:
    """The invitation is no longer good."""
    return Problem(
        "token",
        "这份邀请已经用过、已过期或被更换。请让上级运行 bianmin invite 重新发一份。",
        "This invitation was used already, has expired or was replaced. Ask the parent to run bianmin invite again.",
        status=403,
    )


def damaged_invitation() -> Problem:
    """What was pasted is no invitation."""
    return Problem(
        "invitation",
        "粘贴的内容不是完整的邀请,可能缺了开头或结尾。请重新完整复制,或扫描二维码。",
        "What you pasted is not a complete invitation. Copy it again from beginning to end, or scan the QR code.",
    )


def parent_away(url: str) -> Problem:
    """The parent does not answer."""
    return Problem(
        "transport",
        f"联系不上上级 {url}。请检查网络和地址;上级恢复后重新运行同一命令即可。",
        f"The parent at {url} cannot be reached. Check the network and the address; run the same command again later.",
        status=503,
    )


def waits_for_confirmation(thumbprint: str) -> Problem:
    """A re-key: the parent's operator has to compare the thumbprint first."""
    return Problem(
        "waits",
        f"更换密钥的申请已送达。请打电话给上级核对指纹 {thumbprint};上级确认后,再运行一次同一命令。",
        f"The request for new keys has arrived. Compare the thumbprint {thumbprint} with the parent by telephone; when "
        "it has confirmed, run the same command again.",
        exit_code=EXIT_TRY_LATER,
    )


def data_folder_in_use(path: Path) -> Problem:
    """`init` on a folder that holds a node."""
    return Problem(
        "belongs-already",
        f"{path} 里已有一个节点,没有做任何改动。要新建请用另一个目录(--data)。",
        f"{path} already holds a node; nothing was changed. Use another folder (--data) for a new one.",
        status=409,
    )


def not_initialised(path: Path) -> Problem:
    """No node in the folder."""
    return Problem(
        "not-initialised",
        f"{path} 里还没有节点。请先运行 bianmin init --data {path}。",
        f"There is no node in {path} yet. Run bianmin init --data {path} first.",
        exit_code=EXIT_SETUP,
    )


def without_network_options() -> Problem:
    """`init` of a top needs all four."""
    return Problem(
        "init-options",
        "建立顶级节点须同时给出 --network、--code、--level、--name;下级节点只需 bianmin init,再 bianmin join。",
        "A top node needs --network, --code, --level and --name together; any other node runs bianmin init, then "
        "bianmin join.",
        exit_code=EXIT_USAGE,
    )


def bad_settings(zh: str, en: str) -> Problem:
    """The settings cannot be used; every mistake, one a line."""
    return Problem("settings", zh, en, exit_code=EXIT_SETUP)


def from_library(error: FederationError) -> Problem:
    """An error of the federation library as a sentence; the five that operators meet have their own."""
    if error.code == "passphrase":
        return wrong_passphrase(error.detail)
    if error.code == "skew":
        delta = error.members.get("delta_s") if isinstance(error, ProtocolError) else None
        return wrong_clock(delta if isinstance(delta, int) else None)
    if error.code in ("token", "invitation-expired"):
        return used_invitation()
    if error.code == "invitation":
        return damaged_invitation()
    problem = from_federation(error)
    if error.code in ("key-file", "node-folder", "head-file"):
        problem.exit_code = EXIT_SETUP
    return problem


def from_disk(error: OSError) -> Problem:
    """What the file system refuses."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS):
        return disk_full()
    return Problem(
        "file",
        f"无法读写文件 {error.filename or ''}:{error.strerror}。",
        f"Cannot read or write {error.filename or 'a file'}: {error.strerror}.",
        exit_code=EXIT_STORAGE,
    )
