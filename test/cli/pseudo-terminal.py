"""Runs a command in a pseudo-terminal and prints what it wrote there as JSON: the raw text, and its exit status.

usage: pseudo-terminal.py COLUMNS INTERRUPT COMMAND...
INTERRUPT: text upon whose appearance the key Ctrl-C is pressed, or empty.
"""
import fcntl, json, os, pty, struct, sys, termios

columns, interrupt, command = int(sys.argv[1]), sys.argv[2].encode(), sys.argv[3:]
child, terminal = pty.fork()
if child == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    os.execvp(command[0], command)
written = b""
pressed = interrupt == b""
while True:
    try:
        chunk = os.read(terminal, 65536)
    except OSError:
        break
    if not chunk:
        break
    written += chunk
    if not pressed and interrupt in written:
        os.write(terminal, b"\x03")
        pressed = True
_, status = os.waitpid(child, 0)
json.dump({"status": os.waitstatus_to_exitcode(status), "written": written.decode()}, sys.stdout)
