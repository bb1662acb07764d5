"""Says in what way a copy of what `writers.py` writes holds what never was. Its arguments: the directory, and the paths in it that were named as lost."""
import json, os, re, sqlite3, struct, subprocess, sys, zlib

os.chdir(sys.argv[1])
named = set(sys.argv[2:])
faults = []


def read(path):
    with open(path, "rb") as file:
        return file.read()


def check(path, is_sound):
    if path in named:
        return
    if not os.path.exists(path):
        faults.append("%s is missing" % path)
    elif not is_sound(path):
        faults.append("%s is no state of the file" % path)


def is_text(path):
    whole = [b"line %d %d" % (i + 1, i + 1) for i in range(read(path).count(b"\n") + 1)]
    return b"\n".join(whole).startswith(read(path))


def is_records(path):
    content, at, n = read(path), 0, 0
    while at < len(content):
        length, crc = struct.unpack_from("<II", content, at)
        payload = content[at + 8 : at + 8 + length]
        at, n = at + 8 + length, n + 1
        if len(payload) != length or zlib.crc32(payload) != crc or length != len(b"\0\n%d" % n) * (n % 300):
            return False
    return True


def is_database(path):
    db = sqlite3.connect(path)
    one = lambda sql: db.execute(sql).fetchone()[0]
    return one("PRAGMA integrity_check") == "ok" and one("SELECT n FROM total") == one("SELECT count(*) FROM rows")


def is_repository(path):
    return subprocess.run(["git", "-C", path, "fsck", "--full", "--strict", "--no-dangling"], capture_output=True).returncode == 0


check("text.log", is_text)
check("000003.log", is_records)
check("rewritten.bin", lambda path: len(set(read(path))) <= 1 and len(read(path)) in (0, 100_000))
check("doc.json", lambda path: re.fullmatch(rb'\{"n": "(\d+)"\}', read(path)) is not None)
for database in ("wal.db", "delete.db", "persist.db", "truncate.db", "delete-unsynced.db"):
    check(database, is_database)
check("repo", is_repository)
for name in ("one", "two", "three"):
    paths = ["from/" + name, "to/" + name]
    there = [path for path in paths if os.path.exists(path)]
    if not there and not named.intersection(paths):
        faults.append("%s is under no name" % name)
    for path in there:
        check(path, lambda path: read(path) == name.encode() * 1000)
for name in os.listdir("sessions"):
    check("sessions/" + name, lambda path: read(path) in (name[:-5].encode(), b""))
print(json.dumps(faults))
