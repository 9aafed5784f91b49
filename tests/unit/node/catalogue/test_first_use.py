"""Reading an item version is safe for threads from the first moment: a node's requests come all at once."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from node.catalogue.document import read_catalogue
from node.catalogue.forms import form_book
from node.catalogue.rules import plain_document
from node.catalogue.service import shipped_catalogue

ROOT = Path(__file__).resolve().parents[4]
PROGRAM = """
import json, sys, threading
from node.catalogue import rules
document = json.loads(sys.argv[1])
sys.setswitchinterval(1e-6)
start = threading.Barrier(8)
def read():
    start.wait()
    rules.version_of(document)
threads = [threading.Thread(target=read) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
"""


def test_the_first_readers_may_be_many() -> None:
    version = read_catalogue(shipped_catalogue(), form_book().fields_of).versions[0]
    document = json.dumps(plain_document(version))
    for _ in range(3):  # without the reading at import, every second process dies of SIGSEGV
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, document], cwd=ROOT, capture_output=True, check=False
        )
        assert (done.returncode, done.stderr) == (0, b"")
