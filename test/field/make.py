"""Makes what Node cannot: sockets, FIFOs, devices, names that are not UTF-8, and databases whose writers are killed."""
import json, os, signal, socket, sqlite3, stat, sys


def fill(db, rows, seed):
    for i in range(rows):
        db.execute("INSERT INTO facts(subject, body) VALUES (?, ?)", ("s%d" % ((i * 7919 + seed) % 1009), "wort %d " % i * (i % 40 + 1)))


def write_database(step):
    path = step["path"]
    if step.get("alias"):
        open(path, "w").close()
        os.makedirs(os.path.dirname(step["alias"]), exist_ok=True)
        os.link(path, step["alias"])
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA page_size=%d" % step["pageSize"])
    db.execute("PRAGMA encoding='%s'" % step["encoding"])
    db.execute("PRAGMA auto_vacuum=%d" % step["autoVacuum"])
    # Half of them as SQLite does by default: then a journal has no mark until it is synced.
    if step["rows"] % 2 == 0:
        db.execute("PRAGMA synchronous=OFF")
    db.execute("PRAGMA journal_mode=%s" % step["journal"])
    db.execute("PRAGMA wal_autocheckpoint=%d" % (step["rows"] % 3 * 20))
    db.execute("CREATE TABLE facts(id INTEGER PRIMARY KEY, subject TEXT, body TEXT)")
    db.execute("CREATE INDEX by_subject ON facts(subject)")
    db.execute("CREATE TABLE names(name TEXT PRIMARY KEY) WITHOUT ROWID")
    db.execute("PRAGMA user_version=%d" % (step["rows"] + 1))
    db.execute("BEGIN")
    fill(db, step["rows"], 1)
    db.execute("COMMIT")
    db.execute("DELETE FROM facts WHERE id % 3 = 0")
    db.execute("INSERT INTO names SELECT DISTINCT subject FROM facts")
    if step["ending"] == "closed":
        db.close()
        return
    if step["ending"] == "in transaction":
        # With a cache this small pages go to the disk before the commit, and the journal is hot.
        db.execute("PRAGMA cache_size=2")
        db.execute("BEGIN")
        db.execute("UPDATE facts SET body = body || 'uncommitted'")
        fill(db, 300, 2)
    os.kill(os.getpid(), signal.SIGKILL)


for step in json.load(sys.stdin):
    path, kind = step["path"], step["make"]
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if kind == "database":
        child = os.fork()
        if child == 0:
            try:
                write_database(step)
            except BaseException as error:
                print(path, error, file=sys.stderr)
                os._exit(1)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if os.WIFEXITED(status) and os.WEXITSTATUS(status) != 0:
            sys.exit(1)
    elif kind == "socket":
        # The address of a socket is short.
        here = os.getcwd()
        os.chdir(os.path.dirname(path))
        socket.socket(socket.AF_UNIX).bind(os.path.basename(path))
        os.chdir(here)
    elif kind == "fifo":
        os.mkfifo(path)
    elif kind == "device":
        os.mknod(path, stat.S_IFCHR | 0o600, os.makedev(1, 3))
    else:
        raw = os.fsencode(path).replace(b"?", b"\xff")
        if step["type"] == "directory":
            os.mkdir(raw)
        else:
            with open(raw, "w") as file:
                file.write("not to be named")
