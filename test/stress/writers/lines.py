"""Appends numbered lines to a log for ever, in odd chunks, so that most of the time half a line stands at its end.

Arguments: the log, bytes a second, size at which it is renamed to LOG.1 and begun anew (0: never).
Says the number of the last line that is whole in the file.
"""

import json
import os
import random
import sys
import time

from report import report

path, rate, rotate_at = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
first = sum(1 for _ in open(path, "rb")) if os.path.exists(path) else 0
n = first
fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
pending = b""
while True:
    lines = pending
    for _ in range(random.randrange(1, 30)):
        lines += json.dumps({"n": n, "text": "a ü ✓ " * random.randrange(1, 60)}, ensure_ascii=False).encode() + b"\n"
        n += 1
    # The last line stays half until the next round.
    rotating = rotate_at and os.fstat(fd).st_size > rotate_at
    end = len(lines) - (0 if rotating else random.randrange(1, 8))
    at = 0
    while at < end:
        at += os.write(fd, lines[at : min(end, at + random.choice((1, 7, 333, 4096, 10_007)))])
        if random.random() < 0.2:
            time.sleep(0.001)
    pending = lines[end:]
    report(n - 1 if pending == b"" else n - 2)
    if rotating:
        os.rename(path, f"{path}.1")
        os.close(fd)
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    time.sleep(len(lines) / rate)
