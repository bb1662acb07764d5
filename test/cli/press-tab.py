"""Types lines into an interactive shell, with TAB where they say, and presses Enter after each.

usage: press-tab.py FILE LINES SHELL ARGUMENT...
LINES is a JSON list. The prompt of the shell ends in READY>. A line is done when FILE exists, which is taken away then.
Prints, as JSON, for each line what was in FILE, and what was to be seen.
"""
import json, os, pty, select, sys, time

file, lines, shell = sys.argv[1], json.loads(sys.argv[2]), sys.argv[3:]
child, terminal = pty.fork()
if child == 0:
    os.execvp(shell[0], shell)
seen = b""
results = []


def wait(done):
    global seen
    deadline = time.monotonic() + 60
    while not done():
        if select.select([terminal], [], [], 0.02)[0]:
            try:
                seen += os.read(terminal, 65536)
            except OSError:
                sys.exit("the shell ended: " + seen.decode())
        if time.monotonic() > deadline:
            sys.exit("nothing came of it: " + seen.decode())


for line in lines:
    wait(lambda: b"READY>" in seen)
    seen = b""
    os.write(terminal, line.encode() + b"\r")
    wait(lambda: os.path.exists(file))
    with open(file) as got:
        results.append({"got": json.load(got), "seen": seen.decode(errors="replace")})
    os.unlink(file)
os.kill(child, 9)
os.waitpid(child, 0)
json.dump(results, sys.stdout)
