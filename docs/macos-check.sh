#!/bin/sh
# Checks on a Mac what oxios-backup takes for granted there and Linux cannot show: docs/macos.md says what each line means.
# Harmless: it works in a temporary folder of its own (with about 2 GB), changes no setting, and needs no root. Elsewhere each
# line is skipped.
#
#   sh docs/macos-check.sh [COMMAND]
#
# COMMAND is oxios-backup as it is started ("node dist/main.js"); without one, what is in the PATH.
# Exit status: 0 where nothing failed, else 1.
set -u
backup=${1:-oxios-backup}
LC_ALL=C
TZ=UTC
export LC_ALL TZ

folder=$(mktemp -d "${TMPDIR:-/tmp}/oxios-macos-check.XXXXXX") || exit 1
label=org.oxios.backup.check.$$
# What create remembers of files goes with the rest.
XDG_CACHE_HOME=$folder/cache
export XDG_CACHE_HOME
clean_up() {
  if [ "$mac" = yes ]; then
    launchctl bootout "gui/$(id -u)/$label" 2>/dev/null
    chflags -R nouchg "$folder" 2>/dev/null
  fi
  rm -rf "$folder"
}
mac=no
[ "$(uname -s)" != Darwin ] || mac=yes
trap clean_up EXIT
trap 'exit 1' HUP INT TERM

failures=0
say() { printf '%-8s %s\n' "$1" "$2"; }
pass() { say pass "$1"; }
fail() {
  say FAIL "$1"
  failures=$((failures + 1))
}
skip() { say skipped "$1"; }

# check NAME FUNCTION: the function prints what it saw, and returns 0 for pass, 2 for skipped.
check() {
  if [ "$mac" = no ]; then
    skip "$1 (not a Mac)"
    return
  fi
  seen=$("$2" 2>&1)
  case $? in
    0) pass "$1${seen:+: $seen}" ;;
    2) skip "$1${seen:+: $seen}" ;;
    *) fail "$1${seen:+: $seen}" ;;
  esac
}

in_node() { node --input-type=commonjs -e "$1" "$folder"; }

command_runs() {
  version=$($backup --version) || return 1
  echo "$version, Node $(node --version), macOS $(sw_vers -productVersion), $(uname -m)"
}

# 1,000 small files, synced 16 at once as a restore does it.
sync_cost() {
  in_node '
    const fs = require("fs"), folder = process.argv[1] + "/sync";
    fs.mkdirSync(folder);
    const open = [];
    for (let i = 0; i < 1000; i++) { const fd = fs.openSync(folder + "/" + i, "w"); fs.writeSync(fd, "x".repeat(2000)); open.push(fd); }
    const began = Date.now();
    let running = 0, failed = null;
    const next = () => {
      while (running < 16 && open.length > 0) {
        const fd = open.pop();
        running++;
        fs.fsync(fd, (error) => { running--; failed ??= error; fs.closeSync(fd); next(); });
      }
      if (running > 0 || open.length > 0) return;
      const ms = Date.now() - began;
      console.log(ms + " ms for 1,000 files, so about " + Math.round(ms / 10) + " s for 100,000");
      process.exit(failed ? 1 : 0);
    };
    next();'
}

directory_sync() { in_node 'const fs = require("fs"); fs.fsyncSync(fs.openSync(process.argv[1], "r"));'; }

# A lock that another process holds is seen by open(2) with O_SHLOCK | O_NONBLOCK, and only while it is held.
shared_lock() {
  : > "$folder/oxios.lock"
  # Not python3, of which a Mac may have nothing but an offer to install it.
  perl -MFcntl=:flock -e 'open(my $lock, "+<", $ARGV[0]) && flock($lock, LOCK_EX) && open(my $held, ">", "$ARGV[0].held") && sleep 60' \
    "$folder/oxios.lock" > /dev/null 2>&1 &
  holder=$!
  tries=0
  while [ ! -e "$folder/oxios.lock.held" ] && [ $tries -lt 50 ]; do
    sleep 0.2
    tries=$((tries + 1))
  done
  if [ ! -e "$folder/oxios.lock.held" ]; then
    kill "$holder" 2>/dev/null
    echo 'no perl to hold the lock'
    return 2
  fi
  ask='const fs = require("fs");
    try { fs.openSync(process.argv[1] + "/oxios.lock", fs.constants.O_RDONLY | fs.constants.O_NONBLOCK | 0x10); console.log("free"); }
    catch (error) { console.log(error.code); }'
  held=$(in_node "$ask")
  kill "$holder"
  wait "$holder" 2>/dev/null
  free=$(in_node "$ask")
  echo "held: $held, then: $free"
  [ "$held" = EAGAIN ] && [ "$free" = free ]
}

# A locked file: access(2) says EPERM to a write, and one without rights EACCES.
locked_file() {
  : > "$folder/locked"
  : > "$folder/unwritable"
  chmod 444 "$folder/unwritable"
  chflags uchg "$folder/locked" || return 1
  seen=$(in_node 'const fs = require("fs");
    for (const name of ["locked", "unwritable"])
      try { fs.accessSync(process.argv[1] + "/" + name, fs.constants.W_OK); console.log("writable"); }
      catch (error) { console.log(error.code); }' | tr '\n' ' ')
  chflags nouchg "$folder/locked"
  echo "$seen"
  [ "$seen" = 'EPERM EACCES ' ]
}

# A restore over a tree with a locked file, the refusal to discard it, and an undo.
locked_tree() {
  state=$folder/state
  mkdir -p "$state/sessions"
  echo old > "$state/sessions/a.json"
  $backup create "$folder/state.tar.gz" --state-dir "$state" --quiet || return 1
  chflags uchg "$state/sessions/a.json"
  $backup restore "$folder/state.tar.gz" --state-dir "$state" --replace --quiet || return 1
  if $backup undo --discard --state-dir "$state" --quiet 2> "$folder/refusal"; then
    echo 'a locked file was removed'
    return 1
  fi
  grep -q 'chflags nouchg' "$folder/refusal" || return 1
  $backup undo --state-dir "$state" --quiet
}

session() {
  id=$(sysctl -n kern.bootsessionuuid) || return 1
  echo "$id"
  echo "$id" | grep -Eq '^[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}$'
}

local_name() {
  name=$(scutil --get LocalHostName) || return 1
  echo "$name"
  [ -n "$name" ]
}

process_line() {
  line=$(ps -o stat= -o ppid= -o lstart= -p $$)
  echo "$line"
  echo "$line" | grep -Eq '^ *[^ ]+ +[0-9]+ +[A-Z][a-z]{2} +[A-Z][a-z]{2} +[0-9]+ [0-9:]{8} [0-9]{4} *$'
}

mount_lines() {
  mount | grep -v '^map ' | grep -Evq ' on /.* \([^()]*\)$' && return 1
  mount | grep -q ' on / (apfs'
}

# Twice a restore: its time is waited for.
open_files() {
  exec 4>> "$folder/open"
  began=$(date +%s)
  lsof -w -n -P -d cwd,0-999999 -F pfan > "$folder/lsof"
  took=$(($(date +%s) - began))
  exec 4>&-
  echo "$took s"
  # The real path: /var is a link.
  real=$(cd "$folder" && pwd -P)
  grep -Fxq "n$real/open" "$folder/lsof" && [ $took -lt 15 ]
}

folding() {
  : > "$folder/Notes"
  if [ ! -e "$folder/notes" ]; then
    echo 'this volume tells case apart'
    return 2
  fi
  composed=$(printf 'caf\303\251')
  decomposed=$(printf 'cafe\314\201')
  : > "$folder/$composed"
  [ -e "$folder/$decomposed" ] || { echo 'normal forms are told apart'; return 1; }
}

folding_merge() {
  : > "$folder/probe"
  [ -e "$folder/PROBE" ] || return 2
  mkdir "$folder/upper" "$folder/lower"
  echo old > "$folder/upper/Notes.json"
  echo new > "$folder/lower/notes.json"
  $backup create "$folder/lower.tar.gz" --state-dir "$folder/lower" --quiet || return 1
  $backup restore "$folder/lower.tar.gz" --merge --state-dir "$folder/upper" --quiet || return 1
  [ "$(ls "$folder/upper")" = notes.json ] && [ "$(cat "$folder/upper/notes.json")" = new ]
}

# One state directory, named in two ways, is one source.
spellings() {
  : > "$folder/probe"
  [ -e "$folder/PROBE" ] || return 2
  mkdir "$folder/Spelled"
  echo content > "$folder/Spelled/file"
  for name in Spelled sPELLED; do
    $backup create "$folder/spelled.tar.gz" --force --state-dir "$folder/$name" --quiet || return 1
    $backup show "$folder/spelled.tar.gz" | grep '^ *from' >> "$folder/sources" || return 1
  done
  sort -u "$folder/sources"
  [ "$(sort -u "$folder/sources" | wc -l)" -eq 1 ]
}

# 255 characters in 765 bytes: captured, verified, restored.
long_name() {
  name=$(printf '\355\225\234%.0s' $(seq 255))
  mkdir "$folder/long"
  (echo long > "$folder/long/$name") 2>/dev/null || return 2
  $backup create "$folder/long.tar.gz" --state-dir "$folder/long" --quiet || return 1
  $backup verify "$folder/long.tar.gz" --quiet || return 1
  $backup restore "$folder/long.tar.gz" --state-dir "$folder/long-again" --quiet || return 1
  [ "$(cat "$folder/long-again/$name")" = long ]
}

# A directory by its number, for paths that are longer than the system takes.
by_number() {
  in_node 'const fs = require("fs");
    const { dev, ino } = fs.statSync(process.argv[1], { bigint: true });
    const there = fs.statSync("/.vol/" + dev + "/" + ino, { bigint: true, throwIfNoEntry: false });
    process.exit(there?.ino === ino ? 0 : 1);'
}

# Whether Node clones. Only cp -c is sure to; where Node does not, copies of large databases take the time of a copy.
clones() {
  dd if=/dev/zero of="$folder/large" bs=1048576 count=256 2>/dev/null
  in_node 'const fs = require("fs"), large = process.argv[1] + "/large";
    let forced = "yes";
    try { fs.copyFileSync(large, large + ".forced", fs.constants.COPYFILE_FICLONE_FORCE); } catch (error) { forced = error.code; }
    const began = Date.now();
    fs.copyFileSync(large, large + ".copy", fs.constants.COPYFILE_FICLONE);
    console.log("forced: " + forced + ", 256 MiB in " + (Date.now() - began) + " ms");'
}

# What launchd started runs on when it is killed: why a restore asks again right before the swap.
launchd_restart() {
  cat > "$folder/agent.plist" <<END
<?xml version="1.0" encoding="UTF-8"?>
<plist version="1.0"><dict>
<key>Label</key><string>$label</string>
<key>ProgramArguments</key><array><string>/bin/sh</string><string>-c</string><string>echo started &gt;&gt; '$folder/starts'; sleep 600</string></array>
<key>KeepAlive</key><true/><key>ThrottleInterval</key><integer>1</integer>
</dict></plist>
END
  plutil -lint -s "$folder/agent.plist" || return 1
  launchctl bootstrap "gui/$(id -u)" "$folder/agent.plist" 2>/dev/null || { echo 'no session at the screen'; return 2; }
  sleep 2
  launchctl kill KILL "gui/$(id -u)/$label"
  sleep 12
  launchctl bootout "gui/$(id -u)/$label"
  count=$(grep -c started "$folder/starts")
  echo "started $count times"
  [ "$count" -ge 2 ]
}

# Reading a folder that macOS keeps from programs; a terminal that has Full Disk Access reads it.
guarded_folder() {
  seen=$(in_node 'const fs = require("fs");
    try { fs.readdirSync(process.env.HOME + "/Library/Application Support/com.apple.TCC"); console.log("readable"); }
    catch (error) { console.log(error.code); }')
  echo "$seen"
  [ "$seen" = EPERM ] || [ "$seen" = readable ]
}

# The tar of the system takes the disaster recipe of the README.
plain_tar() {
  mkdir "$folder/plain" "$folder/untarred"
  echo content > "$folder/plain/file"
  $backup create "$folder/plain.tar.gz" --state-dir "$folder/plain" --quiet || return 1
  tar -xpzf "$folder/plain.tar.gz" -C "$folder/untarred" && rm "$folder/untarred/manifest.json" &&
    diff -r "$folder/plain" "$folder/untarred"
}

# A create that is killed leaves nothing that the next one minds.
killed_create() {
  mkdir "$folder/big"
  dd if=/dev/urandom of="$folder/big/file" bs=1048576 count=256 2>/dev/null
  $backup create "$folder/big.tar.gz" --state-dir "$folder/big" --quiet > /dev/null 2>&1 &
  victim=$!
  tries=0
  while [ -z "$(find "$folder" -maxdepth 1 -name '*.tmp')" ] && [ $tries -lt 100 ]; do
    sleep 0.1
    tries=$((tries + 1))
  done
  kill -KILL "$victim" 2>/dev/null
  wait "$victim" 2>/dev/null
  [ $? -eq 137 ] || { echo 'it was done before it was killed'; return 2; }
  $backup create "$folder/big.tar.gz" --state-dir "$folder/big" --force --quiet || return 1
  left=$(find "$folder" -maxdepth 1 -name '*.tmp' -o -maxdepth 1 -name '*oxios-backup.lock*')
  echo "$left"
  [ -z "$left" ]
}

check 'the command starts' command_runs
check 'F_FULLFSYNC: what it costs' sync_cost
check 'a directory can be synced' directory_sync
check 'O_SHLOCK through Node' shared_lock
check 'a locked file (uchg) by access(2)' locked_file
check 'a restore over a locked file' locked_tree
check 'kern.bootsessionuuid' session
check 'scutil --get LocalHostName' local_name
check 'ps -o lstart=' process_line
check 'mount: a line a volume' mount_lines
check 'lsof: finds an open file in time' open_files
check 'case and normal forms are one' folding
check 'a merge over another spelling' folding_merge
check 'a state directory by two spellings' spellings
check 'names of 255 characters' long_name
check 'a directory by /.vol' by_number
check 'clones through Node' clones
check 'launchd starts anew what was killed' launchd_restart
check 'what TCC answers' guarded_folder
check 'tar of the system' plain_tar
check 'a create that was killed' killed_create
[ $failures -eq 0 ]
