"""Changes a share of the rows of a database that database.py made: change-database.py FILE SHARE REMAINDER scattered|together"""

import sqlite3
import sys

target, share, remainder, where = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
database = sqlite3.connect(target)
with database:
    (rows,) = database.execute("SELECT max(id) + 1 FROM memories").fetchone()
    chosen = "{0} % ? = ?" if where == "scattered" else "{0} * ? / %d = ?" % rows
    database.execute("UPDATE memories SET text = upper(text) WHERE " + chosen.format("id"), (share, remainder))
    database.execute(
        "UPDATE vectors SET embedding = zeroblob(length(embedding)) WHERE " + chosen.format("memory_id"), (share, remainder)
    )
database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
database.close()
