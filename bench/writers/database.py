"""A busy Oxios, its database: database.py FILE, 20 commits a second in WAL mode until standard input closes."""

import select
import sqlite3
import sys

database = sqlite3.connect(sys.argv[1], timeout=30)
database.execute("PRAGMA journal_mode = WAL")
database.execute("PRAGMA synchronous = NORMAL")
database.execute("CREATE TABLE IF NOT EXISTS events (id INTEGER PRIMARY KEY, text TEXT NOT NULL)")
database.commit()
print("ready", flush=True)
while not select.select([sys.stdin], [], [], 1 / 20)[0]:
    with database:
        database.execute("INSERT INTO events (text) VALUES (?)", ("something happened " * 40,))
