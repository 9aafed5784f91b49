"""Reading an item version is safe for threads from the first moment: a node's requests come all at once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[4]
PROGRAM = """
import sys, threading
from node.catalogue import rules
sys.setswitchinterval(1e-6)
start = threading.Barrier(8)
def read():
    start.wait()
    try:
        rules.version_of({"code": "902023001000"})
    except rules.ItemDocumentError:
        pass
threads = [threading.Thread(target=read) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
"""


def test_the_first_readers_may_be_many() -> None:
    for _ in range(3):  # without the reading at import, every second process dies of SIGSEGV
        done = subprocess.run([sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, check=False)
        assert (done.returncode, done.stderr) == (0, b"")
