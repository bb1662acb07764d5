"""Says as JSON what copied databases say of themselves. Arguments: their paths."""

import hashlib
import json
import os
import sqlite3
import sys

answers = []
for path in sys.argv[1:]:
    db = sqlite3.connect(path)
    integrity = db.execute("PRAGMA integrity_check").fetchone()[0]
    n, oldest = db.execute("SELECT n, oldest FROM total").fetchone()
    rows = db.execute("SELECT n, payload FROM ledger ORDER BY n").fetchall()
    words = [row for row, in db.execute("SELECT rowid FROM words WHERE words MATCH 'word*' ORDER BY rowid")]
    db.execute("INSERT INTO words(words) VALUES('integrity-check')")
    numbers = list(range(oldest, n + 1))
    sound = all(payload == hashlib.sha256(b"%d" % row).digest() * (1 + row * 37 % 200) for row, payload in rows)
    answers.append(
        {
            "integrity": integrity,
            "agrees": [row for row, _ in rows] == numbers and words == numbers and sound,
            "counter": n,
        }
    )
    db.close()
print(json.dumps(answers))
