"""Rewrites files in place for ever, from the first byte to the last: a state of such a file is some of version v, then v - 1.

Arguments: for each file its path, its size, and the milliseconds between two rewritings.
"""

import os
import sys
import time

from report import report

files = [
    (os.open(path, os.O_WRONLY | os.O_CREAT, 0o644), int(size), float(pause) / 1000)
    for path, size, pause in zip(sys.argv[1::3], sys.argv[2::3], sys.argv[3::3])
]
due = [0.0] * len(files)
version = [0] * len(files)
while True:
    now = time.monotonic()
    for i, (fd, size, pause) in enumerate(files):
        if now < due[i]:
            continue
        version[i] += 1
        record = version[i].to_bytes(8, "little")
        for at in range(0, size, 65_536):
            os.pwrite(fd, record * (min(65_536, size - at) // 8), at)
        due[i] = time.monotonic() + pause
    report()
    time.sleep(0.002)
