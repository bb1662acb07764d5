"""Changes a share of the rows of a database that database.py made: change-database.py FILE SHARE REMAINDER"""

import sqlite3
import sys

target, share, remainder = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
database = sqlite3.connect(target)
with database:
    database.execute("UPDATE memories SET text = upper(text) WHERE id % ? = ?", (share, remainder))
    database.execute("UPDATE vectors SET embedding = zeroblob(length(embedding)) WHERE memory_id % ? = ?", (share, remainder))
database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
database.close()
