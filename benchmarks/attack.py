"""One hostile connection, `python -m benchmarks.attack NAME PORT`, told by lines what to do and how long.

`attack SECONDS` attacks the hub, `compute SECONDS` uses as much of the processor for nothing.
"""

from __future__ import annotations

import sys
import time

import jwt

from tests.server.attacks import ATTACKS, Attacker, keep_attacking

from .servers import SECRET

# Who is cut off, or refused, comes back after this long.
PAUSE_S = 0.1
# Not that of the others: the limits for one address are part of the defence.
ADDRESS = "127.0.0.2"
COMPUTE_STEP_S = 0.01


class Mallory:
    """Who attacks a hub in one way, and knows how much of the processor that takes."""

    def __init__(self, name: str, port: int) -> None:
        self._act = next(act for act in ATTACKS if act.__name__ == name)
        self._port = port
        verbs = ["subscribe", "publish", "history", "presence", "command"]
        self._token = jwt.encode({"sub": "mallory", "caps": {"*": verbs}}, SECRET, algorithm="HS256")
        self._share = 0.0

    def attack(self, seconds: float) -> None:
        """Attack for so long."""
        start, cpu = time.monotonic(), time.process_time()
        end = start + seconds
        while time.monotonic() < end:
            self._attack_once(end)
            time.sleep(PAUSE_S)
        self._share = (time.process_time() - cpu) / (time.monotonic() - start)

    def compute(self, seconds: float) -> None:
        """Use the processor for so long as much as the last attack did."""
        end = time.monotonic() + seconds
        while (start := time.monotonic()) < end:
            cpu = time.process_time()
            while time.process_time() - cpu < self._share * COMPUTE_STEP_S:
                pass
            time.sleep(max(start + COMPUTE_STEP_S - time.monotonic(), 0))

    def _attack_once(self, end: float) -> None:
        try:
            attacker = Attacker(self._port, self._token, ADDRESS)
        except ConnectionRefusedError:
            return
        keep_attacking([attacker], self._act, end)
        attacker.close()


if __name__ == "__main__":
    mallory = Mallory(sys.argv[1], int(sys.argv[2]))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        what, seconds = line.split()
        (mallory.attack if what == "attack" else mallory.compute)(float(seconds))
