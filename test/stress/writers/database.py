"""Commits to a SQLite database for ever: `total` and `ledger` must agree at every moment, and the counter only grows.

Arguments: the database, its journal mode, milliseconds between two commits, commits between two checkpoints (0: none). Then, for whoever wants
others: how it syncs ("" for the default of SQLite), rows a commit, pages of its cache (with few, it writes to the database before it commits).
A database that an earlier, killed run left is gone on with. Says the number of each row when its commit is acknowledged.
"""

import hashlib
import sqlite3
import sys
import time

from report import report

path, mode, pause, checkpoint_every = sys.argv[1], sys.argv[2], float(sys.argv[3]) / 1000, int(sys.argv[4])
synchronous, rows, cache_pages = (*sys.argv[5:], *("NORMAL", "1", "0")[len(sys.argv) - 5 :])
KEPT_ROWS = 400
CHECKPOINTS = ("PASSIVE", "FULL", "RESTART", "TRUNCATE")

db = sqlite3.connect(path, isolation_level=None, timeout=60)
db.execute(f"PRAGMA journal_mode={mode}")
if synchronous:
    db.execute(f"PRAGMA synchronous={synchronous}")
if int(cache_pages) > 0:
    db.execute(f"PRAGMA cache_size={cache_pages}")
if checkpoint_every == 0:
    db.execute("PRAGMA wal_autocheckpoint=0")
db.execute("BEGIN IMMEDIATE")
if db.execute("SELECT 1 FROM sqlite_schema WHERE name = 'total'").fetchone() is None:
    db.execute("CREATE TABLE total (n INTEGER, oldest INTEGER)")
    db.execute("CREATE TABLE ledger (n INTEGER PRIMARY KEY, payload BLOB)")
    db.execute("CREATE VIRTUAL TABLE words USING fts5(word)")
    db.execute("INSERT INTO total VALUES (0, 1)")
db.execute("COMMIT")

n, oldest = db.execute("SELECT n, oldest FROM total").fetchone()
while True:
    db.execute("BEGIN IMMEDIATE")
    for _ in range(int(rows)):
        n += 1
        db.execute("INSERT INTO ledger VALUES (?, ?)", (n, hashlib.sha256(b"%d" % n).digest() * (1 + n * 37 % 200)))
        db.execute("INSERT INTO words (rowid, word) VALUES (?, ?)", (n, f"word{n}"))
        if n - oldest >= KEPT_ROWS:
            db.execute("DELETE FROM ledger WHERE n = ?", (oldest,))
            db.execute("DELETE FROM words WHERE rowid = ?", (oldest,))
            oldest += 1
    db.execute("UPDATE total SET n = ?, oldest = ?", (n, oldest))
    db.execute("COMMIT")
    report(n)
    if mode == "WAL" and checkpoint_every and n // int(rows) % checkpoint_every == 0:
        db.execute("PRAGMA busy_timeout=0")
        db.execute(f"PRAGMA wal_checkpoint({CHECKPOINTS[n // int(rows) // checkpoint_every % len(CHECKPOINTS)]})").fetchall()
        db.execute("PRAGMA busy_timeout=60000")
    if pause > 0:
        time.sleep(pause)
