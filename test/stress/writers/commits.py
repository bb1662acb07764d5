"""Commits to the repository of the state directory for ever, and packs it now and then.

Argument: the state directory.
Says `NUMBER COMMIT` when `git commit` is done.
"""

import os
import random
import subprocess
import sys
import time

from report import report

root = sys.argv[1]
environment = {
    **os.environ,
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_SYSTEM": "/dev/null",
    "GIT_AUTHOR_NAME": "a",
    "GIT_AUTHOR_EMAIL": "a@example.org",
    "GIT_COMMITTER_NAME": "a",
    "GIT_COMMITTER_EMAIL": "a@example.org",
}
TIDYING = (("repack", "-a", "-d", "-q"), ("pack-refs", "--all"), ("gc", "--quiet", "--prune=now"), ("repack", "-d", "-q"))


def git(*arguments):
    return subprocess.run(
        ("git", *arguments), cwd=root, env=environment, check=True, stdout=subprocess.PIPE, text=True
    ).stdout.strip()


os.makedirs(os.path.join(root, "notes"), exist_ok=True)
git("init", "-q", "-b", "main")
git("config", "gc.auto", "0")
n = 0
while True:
    n += 1
    for name in random.sample(range(40), 3):
        with open(os.path.join(root, "notes", f"note-{name}.md"), "wb") as file:
            file.write(b"%d %s\n" % (n, os.urandom(random.choice((10, 1000))).hex().encode()))
    git("add", "notes")
    git("commit", "-q", "-m", str(n), *(["--amend"] if n % 7 == 0 else []))
    report(f"{n} {git('rev-parse', 'HEAD')}")
    time.sleep(0.05)
    if n % 5 == 0:
        git("tag", f"tag-{n}")
        git("branch", "-f", f"branch-{n % 15}")
    if n % 10 == 0:
        git(*TIDYING[n // 10 % len(TIDYING)])
