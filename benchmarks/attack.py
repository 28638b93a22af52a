"""One hostile connection: `python -m benchmarks.attack NAME PORT` keeps at it until it is ended."""

from __future__ import annotations

import sys
import time

import jwt

from tests.server.attacks import ATTACKS, Attacker, keep_attacking

from .servers import SECRET

# Who is cut off comes back after this long.
PAUSE_S = 0.1


def attack(name: str, port: int) -> None:
    """Attack a hub for ever, in one way."""
    act = next(act for act in ATTACKS if act.__name__ == name)
    verbs = ["subscribe", "publish", "history", "presence", "command"]
    token = jwt.encode({"sub": "mallory", "caps": {"*": verbs}}, SECRET, algorithm="HS256")
    while True:
        attacker = Attacker(port, token)
        keep_attacking([attacker], act, time.monotonic() + 60)
        attacker.close()
        time.sleep(PAUSE_S)


if __name__ == "__main__":
    attack(sys.argv[1], int(sys.argv[2]))
