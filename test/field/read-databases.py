"""Says what is in databases, as SQLite sees it: of private copies, each with the log or journal that lies beside it."""
import hashlib, json, os, shutil, sqlite3, sys, tempfile

answers = []
for path in json.load(sys.stdin):
    with tempfile.TemporaryDirectory() as folder:
        copy = os.path.join(folder, "copy.db")
        for suffix in ("", "-wal", "-journal"):
            if os.path.exists(path + suffix):
                shutil.copyfile(path + suffix, copy + suffix)
        try:
            db = sqlite3.connect(copy)
            digest = hashlib.sha256()
            for line in db.iterdump():
                digest.update(line.encode("utf8", "surrogatepass") + b"\n")
            one = lambda name: db.execute("PRAGMA " + name).fetchone()[0]
            facts = [one(name) for name in ("integrity_check", "user_version", "encoding", "page_size", "auto_vacuum", "page_count")]
            db.close()
            answers.append(json.dumps([digest.hexdigest(), *facts]))
        except sqlite3.Error as error:
            answers.append("error: %s" % error)
print(json.dumps(answers))
