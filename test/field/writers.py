"""Writes without end into the directory that is its argument, each kind of file in its own way, so that a copy tells whether it is one state."""
import os, sqlite3, struct, subprocess, sys, zlib

os.chdir(sys.argv[1])
for folder in ("from", "to", "sessions"):
    os.makedirs(folder, exist_ok=True)
text = open("text.log", "ab", buffering=0)
records = open("000003.log", "ab", buffering=0)
rewritten = open("rewritten.bin", "wb+", buffering=0)
databases = []
for name in ("wal.db", "delete.db", "persist.db", "truncate.db", "delete-unsynced.db"):
    db = sqlite3.connect(name, isolation_level=None, timeout=30)
    db.execute("PRAGMA journal_mode=" + name.split(".")[0].split("-")[0])
    if name.endswith("-unsynced.db"):
        db.execute("PRAGMA synchronous=OFF")
    databases.append(db)
for db in databases:
    db.execute("CREATE TABLE total(n INTEGER)")
    db.execute("INSERT INTO total VALUES (0)")
    db.execute("CREATE TABLE rows(n INTEGER)")
git = ["git", "-C", "repo", "-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "core.fsync=none"]
subprocess.run(["git", "init", "-q", "repo"], check=True)
for name in ("one", "two", "three"):
    with open("from/" + name, "w") as file:
        file.write(name * 1000)

n = 0
while True:
    n += 1
    # A line in two parts.
    text.write(b"line %d " % n)
    text.write(b"%d\n" % n)
    payload = b"\0\n%d" % n * (n % 300)
    records.write(struct.pack("<II", len(payload), zlib.crc32(payload)) + payload)
    # One byte all over, in place.
    os.pwrite(rewritten.fileno(), bytes([n % 256]) * 100_000, 0)
    with open("doc.json.%d.tmp" % os.getpid(), "w") as file:
        file.write('{"n": "%s"}' % (str(n) * 500))
    os.replace("doc.json.%d.tmp" % os.getpid(), "doc.json")
    for name in ("one", "two", "three"):
        if n % 7 == 0:
            here, there = ("from/", "to/") if os.path.exists("from/" + name) else ("to/", "from/")
            os.rename(here + name, there + name)
    with open("sessions/%d.json" % n, "w") as file:
        file.write("%d" % n)
    if n > 20:
        os.unlink("sessions/%d.json" % (n - 20))
    for db in databases:
        db.execute("BEGIN IMMEDIATE")
        db.execute("INSERT INTO rows VALUES (?)", (n,))
        db.execute("UPDATE total SET n = n + 1")
        db.execute("COMMIT")
    if n % 10 == 0:
        subprocess.run(["sh", "-c", "echo %d > repo/file" % n], check=True)
        subprocess.run(git + ["add", "-A"], check=True)
        subprocess.run(git + ["commit", "-q", "-m", str(n)], check=True)
    if n == 20:
        print("ready", flush=True)
