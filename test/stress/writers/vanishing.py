"""Creates files and folders and deletes them again, for ever; the oldest first, so that a listing is soon out of date.

Arguments: the folder, how many files and folders there are at a time.
"""

import os
import shutil
import sys

from report import report

root, keep = sys.argv[1], int(sys.argv[2])
os.makedirs(root, exist_ok=True)
n = 0
while True:
    n += 1
    path = os.path.join(root, f"passing-{n % (2 * keep):05}")
    if n % 10 == 0:
        os.mkdir(path)
        path = os.path.join(path, "inside.json")
    else:
        path += ".json"
    with open(path, "w", encoding="utf-8") as file:
        file.write('{"n": %d}\n' % n)
    old = os.path.join(root, f"passing-{(n - keep) % (2 * keep):05}")
    if n > keep:
        if (n - keep) % 10 == 0:
            shutil.rmtree(old)
        else:
            os.unlink(f"{old}.json")
    if n >= keep:
        report()
