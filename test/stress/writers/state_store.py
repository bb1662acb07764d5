"""Writes entries as Oxios's StateStore does: temporary file, fsync, rename, fsync of the directory. Goes on for ever.

Arguments: the state directory, entries to keep in each category, categories.
Says `+ PATH VERSION` behind each write and `- PATH` before each deletion.
"""

import hashlib
import json
import os
import random
import sys
import uuid

from report import report

root, keep, categories = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
versions = {category: {} for category in categories}
number = 0


def write(path, version):
    body = hashlib.sha256(f"{path} {version}".encode()).hexdigest() * random.choice((1, 3, 20, 200))
    digest = hashlib.sha256(body.encode()).hexdigest()
    absolute = os.path.join(root, path)
    temporary = f"{absolute}.{os.getpid()}.{uuid.uuid4()}.tmp"
    with open(temporary, "w", encoding="utf-8") as file:
        json.dump({"path": path, "version": version, "sha256": digest, "body": body}, file, indent=2)
        file.flush()
        os.fsync(file.fileno())
    os.rename(temporary, absolute)
    directory = os.open(os.path.dirname(absolute), os.O_RDONLY)
    os.fsync(directory)
    os.close(directory)
    report(f"+ {path} {version}")


for category in categories:
    os.makedirs(os.path.join(root, category), exist_ok=True)
while True:
    category = random.choice(categories)
    entries = versions[category]
    number += 1
    if len(entries) < keep or random.random() < 0.03:
        path = f"{category}/entry-{number:06}.json"
        entries[path] = 1
        write(path, 1)
    else:
        path = random.choice(list(entries))
        entries[path] += 1
        write(path, entries[path])
    if len(entries) > keep:
        path = random.choice(list(entries))
        del entries[path]
        report(f"- {path}")
        os.unlink(os.path.join(root, path))
