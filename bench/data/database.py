"""Makes a database of memories with float vectors: database.py FILE DIMENSIONS < rows

A row on standard input: the length of its text (4 bytes, little-endian), the text, DIMENSIONS floats of 4 bytes.
"""

import sqlite3
import struct
import sys

target, dimensions = sys.argv[1], int(sys.argv[2])
database = sqlite3.connect(target)
database.execute("PRAGMA journal_mode = WAL")
database.execute("CREATE TABLE memories (id INTEGER PRIMARY KEY, text TEXT NOT NULL)")
database.execute("CREATE TABLE vectors (memory_id INTEGER PRIMARY KEY, embedding BLOB NOT NULL)")


def rows():
    number = 0
    while head := sys.stdin.buffer.read(4):
        text = sys.stdin.buffer.read(struct.unpack("<I", head)[0]).decode()
        number += 1
        yield number, text, sys.stdin.buffer.read(4 * dimensions)


with database:
    for number, text, embedding in rows():
        database.execute("INSERT INTO memories VALUES (?, ?)", (number, text))
        database.execute("INSERT INTO vectors VALUES (?, ?)", (number, embedding))
database.close()
