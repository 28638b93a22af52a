"""One hostile connection, `python -m benchmarks.attack NAME PORT`: each line of input says for how long."""

from __future__ import annotations

import sys
import time

import jwt

from tests.server.attacks import ATTACKS, Attacker, keep_attacking

from .servers import SECRET

# Who is cut off comes back after this long.
PAUSE_S = 0.1


def attack(name: str, port: int) -> None:
    """Attack a hub in one way, for as many seconds as each line of the standard input says."""
    act = next(act for act in ATTACKS if act.__name__ == name)
    verbs = ["subscribe", "publish", "history", "presence", "command"]
    token = jwt.encode({"sub": "mallory", "caps": {"*": verbs}}, SECRET, algorithm="HS256")
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        end = time.monotonic() + float(line)
        while time.monotonic() < end:
            attacker = Attacker(port, token)
            keep_attacking([attacker], act, end)
            attacker.close()
            time.sleep(PAUSE_S)


if __name__ == "__main__":
    attack(sys.argv[1], int(sys.argv[2]))
