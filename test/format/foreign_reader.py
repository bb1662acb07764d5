"""The part of reader.py for foreign archives, written from the chapter "Foreign archives" alone (F1 to F16).

Memory grows with the number of entries and of the directories above them, and with nothing else.
"""

import re
import zlib

import reader
from reader import MIB, MOST, SECTIONS, Broken, need

PORTION = 1 << 16
USTAR, GNU = b"ustar\x0000", b"ustar  \0"
RECORDS, LONG_NAME, ZERO_BLOCKS, IMPLIED = 512 * 1024, 4096, MIB // 512, 1_000_000
LATEST = 8_640_000_000_000
TYPES = {b"0": "file", b"\0": "file", b"1": "hard link", b"2": "symbolic link", b"5": "directory"}
OCTAL = re.compile(rb" *([0-7]+)[ \0]*")
TIME = re.compile(r"(-?)([0-9]{1,15})(?:\.([0-9]{1,20}))?")
RIGHTS = re.compile(r"(?:SCHILY|LIBARCHIVE)\.xattr\.(?:security|system|trusted)\.")
ATTRIBUTE = re.compile(
    r"(?:SCHILY|LIBARCHIVE)\.xattr\.|(?:SCHILY\.fflags|RHT\.security\.selinux|LIBARCHIVE\.symlinktype)\Z"
)
IGNORED = {"uname", "gname", "comment", "SCHILY.dev", "SCHILY.ino", "SCHILY.nlink"}
TIMES = {"mtime", "atime", "ctime", "LIBARCHIVE.creationtime"}
# What parseInt of JavaScript, by which node-tar goes, passes over.
LENGTH_OF_LINE = re.compile("[\t\n\v\f\r \xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff]*[+]?0*([0-9]{1,9})(?![0-9])")
APPLE_DOUBLE = bytes.fromhex("00051607")


def inflated(file):
    """F1: what the gzip members hold, portion by portion."""
    rest = file.read(PORTION)
    need(rest, "F1", "the file is empty")
    members = 0
    while rest:
        if members and rest[:1] == b"\0":
            while rest:
                need(not rest.strip(b"\0"), "F1", "bytes behind the zeros that follow the gzip data")
                rest = file.read(PORTION)
            return
        if members and rest[:1] != b"\x1f":
            need(False, "F1", "bytes behind the gzip data")
            return
        engine = zlib.decompressobj(31)
        while not engine.eof:
            rest = rest or file.read(PORTION)
            try:
                part = engine.decompress(rest, PORTION) if rest else engine.flush()
            except zlib.error as error:
                raise Broken(f"F1: no gzip data: {error}") from None
            if not rest and not part and not engine.eof:
                raise Broken("F1: the gzip data ends too early")
            rest = engine.unconsumed_tail
            if part:
                yield part
        members += 1
        rest = engine.unused_data or file.read(PORTION)


class Tar:
    """The inflated bytes, as many at a time as are asked for."""

    def __init__(self, file):
        self.parts = inflated(file)
        self.held = b""

    def take(self, length):
        """So many bytes, or what is left."""
        parts, size = [self.held], len(self.held)
        while size < length:
            part = next(self.parts, None)
            if part is None:
                break
            parts.append(part)
            size += len(part)
        data = b"".join(parts)
        self.held = data[length:]
        return data[:length]

    def exactly(self, length):
        data = self.take(length)
        if len(data) < length:
            raise Broken("F3: the archive ends too early")
        return data


def utf8(data, rule, what):
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        need(False, rule, f"{what} is not UTF-8")
        return data.decode("utf-8", "replace")


def text(field, what):
    """F6: a text up to its NUL."""
    value, _, behind = field.partition(b"\0")
    need(not behind.strip(b"\0"), "F6", f"bytes behind the NUL of {what}")
    return utf8(value, "F6", what)


def number(field, name):
    """F5: octal digits, or base-256."""
    if field[0] in (0x80, 0xFF):
        value = int.from_bytes(field[1:], "big", signed=field[0] == 0xFF)
        need(field[0] == 0x80 or value < 0, "F5", f"{name} is no number")
    elif name in ("uid", "gid", "mtime") and not field.strip(b"\0"):
        value = 0
    else:
        digits = OCTAL.fullmatch(field)
        need(digits, "F5", f"{name} is no number")
        value = int(digits[1], 8) if digits else 0
    need(-MOST <= value <= MOST and (value >= 0 or name == "mtime"), "F5", f"{name} is out of range")
    return value


class Header:
    """One header block, by itself: F4, F5 and those of F6 that hold of every header."""

    def __init__(self, block):
        self.block = block
        magic = block[257:265]
        need(magic in (USTAR, GNU), "F4", "a header is neither ustar nor GNU tar's")
        self.gnu = magic == GNU
        checksum = OCTAL.fullmatch(block[148:156])
        need(checksum and block[155] in b" \0", "F5", "a checksum is no number")
        need(not checksum or int(checksum[1], 8) == sum(block[:148] + b" " * 8 + block[156:]), "F5", "a checksum is wrong")
        need(block[0], "F6", "a name is empty")
        need(not block[345 if self.gnu else 500 :].strip(b"\0"), "F6", "bytes where a header has none")
        for at in (329, 337):
            device = block[at : at + 8]
            need(OCTAL.fullmatch(device) or not device.strip(b"\0"), "F5", "a device field is no number")
        self.mode = number(block[100:108], "mode") & 0o7777
        self.uid, self.gid = number(block[108:116], "uid"), number(block[116:124], "gid")
        self.size, self.mtime = number(block[124:136], "size"), number(block[136:148], "mtime")
        self.type = block[156:157]

    def path(self):
        prefix = b"" if self.gnu else self.block[345:500]
        if prefix[130:131] == b"\0" and prefix[131] != 0:
            for at in (131, 143):
                time = prefix[at : at + 12]
                need(OCTAL.fullmatch(time) or not time.strip(b"\0"), "F6", "bytes behind the end of a prefix")
            prefix = prefix[:131]
        before, name = text(prefix, "a prefix"), text(self.block[:100], "a name")
        return f"{before}/{name}" if before else name

    def link(self):
        return text(self.block[157:257], "a target")


def records(data, for_all):
    """F8 to F10: the records of a pax header, and whether it has attributes."""
    found, attributes, at, seen = {}, False, 0, set()
    while at < len(data):
        length = re.match(rb"([1-9][0-9]{0,7}) ", data[at : at + 9])
        if not length:
            raise Broken("F9: a record without a length")
        end = at + int(length[1])
        body = data[at + len(length[0]) : end]
        at = end
        if end > len(data) or not body.endswith(b"\n") or b"=" not in body:
            raise Broken("F9: a record of a wrong length, or without a value")
        key, _, value = body[:-1].partition(b"=")
        key = utf8(key, "F9", "the key of a record")
        need(key not in seen, "F9", f"the record {key!r} stands twice")
        seen.add(key)
        refuse_hidden(key, value)
        need(key == "comment" or not for_all, "F8", f"the record {key!r} for all entries")
        if for_all:
            continue
        plain = re.sub("%([0-9a-fA-F]{2})", lambda code: chr(int(code[1], 16)), key)
        need(not RIGHTS.match(plain), "F10", f"{key!r} gives rights")
        if ATTRIBUTE.match(key):
            attributes = True
            continue
        found[key] = utf8(value, "F9", f"the record {key!r}")
    return {key: one_of(key, value) for key, value in found.items()}, attributes


def refuse_hidden(key, value):
    """F9: nothing that a reader by lines, or one that looks for a charset, takes for a record."""
    need(b"hdrcharset=" not in value, "F9", f"a charset within the record {key!r}")
    need(b"\n" not in value or key not in ("path", "linkpath"), "F9", f"a newline in the record {key!r}")
    for line in value.decode("utf-8", "replace").split("\n")[1:]:
        length = LENGTH_OF_LINE.match(line)
        need(not length or int(length[1]) != len(line.encode()) + 1, "F9", f"a record within the record {key!r}")


def one_of(key, value):
    """F9: the value of a record."""
    if key in ("path", "linkpath"):
        need(value and "\0" not in value, "F9", f"the record {key} is no path")
    elif key in ("size", "uid", "gid"):
        digits = re.fullmatch("[0-9]{1,16}", value)
        need(digits and int(value) <= MOST, "F9", f"the record {key} is no number")
        return int(value) if digits else 0
    elif key in TIMES:
        time = TIME.fullmatch(value)
        need(time, "F9", f"the record {key} is no time")
        return time
    elif key == "hdrcharset":
        need(value in ("BINARY", "ISO-IR 10646 2000 UTF-8"), "F9", "names in another charset")
    else:
        need(key in IGNORED, "F9", f"the record {key!r}, which nobody knows")
    return value


def changes(path):
    """F13: whether bsdtar or node-tar give it another name, for Windows' sake."""
    return bool(re.match(r"[A-Za-z]:|\\", path)) or has_way_up(path)


def has_way_up(path):
    parts = re.split(r"([/\\])", path)
    for at in range(0, len(parts), 2):
        beside = parts[max(at - 1, 0) : at] + parts[at + 1 : at + 2]
        if parts[at] == ".." and ("\\" in beside or at == len(parts) - 1):
            return True
    return False


class Archive:
    def __init__(self, file):
        self.tar = Tar(file)
        self.manifest = None
        self.kinds = {}  # every path that an entry has, or that one lies below
        self.rights = {}  # of files
        self.implied = 0
        self.counts = dict.fromkeys(SECTIONS, 0)
        self.files, self.bytes = 0, 0
        self.statuses = {}
        self.forget()

    def forget(self):
        """What extended headers said of the entry that is done."""
        self.pax, self.names, self.extension = None, {}, False

    def check(self, each=None):
        """Checks all; calls `each` for every entry."""
        while True:
            block = self.tar.exactly(512)
            if not block.strip(b"\0"):
                break
            header = Header(block)
            if header.type in (b"x", b"g", b"L", b"K"):
                self.extended(header)
                continue
            row = self.row(header)
            if row is not None and each:
                each(row)
            self.forget()
        need(not self.extension, "F7", "an extended header without an entry")
        self.end()
        if self.manifest is None:
            raise Broken("F2: there is no manifest.json")
        self.check_counts()

    def end(self):
        """F3: zero blocks, and nothing else."""
        blocks = 1
        while True:
            block = self.tar.take(512)
            if not block:
                break
            need(not block.strip(b"\0"), "F3", "bytes behind the end of the tar")
            need(len(block) == 512, "F3", "half a block at the end")
            blocks += 1
            need(blocks <= ZERO_BLOCKS, "F3", "more than a MiB of zeros at the end")
        need(blocks >= 2, "F3", "less than two zero blocks at the end")

    def extended(self, header):
        """F7: a pax header, or a long name of GNU tar."""
        kind, self.extension = header.type, True
        most = RECORDS if kind in (b"x", b"g") else LONG_NAME
        if not 0 < header.size <= most:
            raise Broken(f"F7: an extended header of {header.size} bytes")
        need(kind != b"K" or header.link() == "", "F7", "a long target whose header has one too")
        body = self.tar.exactly(header.size)
        need(not self.tar.exactly(-header.size % 512).strip(b"\0"), "F7", "bytes behind an extended header")
        if kind == b"g":
            need(self.pax is None and not self.names, "F8", "a pax header for all between another one and its entry")
            records(body, True)
        elif kind == b"x":
            need(self.pax is None, "F7", "two pax headers for one entry")
            self.pax = records(body, False)[0]
        else:
            need(kind not in self.names, "F7", "two long names for one entry")
            self.names[kind] = text(body, "a long name")
            need(self.names[kind], "F7", "an empty long name")
        need(self.pax is None or not self.names, "F7", "a pax header and a long name for one entry")

    def row(self, header):
        """F11: an entry. None for what is no entry of the state directory."""
        if header.type not in TYPES:
            raise Broken(f"F11: an entry of type {header.type!r}")
        kind = TYPES[header.type]
        pax = self.pax or {}
        other = pax.get("path", self.names.get(b"L"))
        path = header.path() if other is None else other
        need(
            other is None or header.type != b"\0" or not header.block[:100].split(b"\0")[0].endswith(b"/"),
            "F11",
            f"{path!r} is a file to some and a directory to others",
        )
        link = pax.get("linkpath", self.names.get(b"K"))
        link = header.link() if link is None else link
        need(bool(link) == (kind in ("hard link", "symbolic link")), "F11", f"{path!r} with or without a target")
        values = {}
        for key, limit in (("size", 8**11), ("uid", 8**7), ("gid", 8**7)):
            field = getattr(header, key)
            values[key] = pax.get(key, field)
            need(values[key] == field or values[key] >= limit, "F9", f"{path!r} has two values for {key}")
        for key in ("uid", "gid"):
            need(values[key] <= 2**32 - 2, "F5", f"{key} of {path!r} is out of range")
        if kind != "file" and values["size"]:
            raise Broken(f"F11: {path!r} is a {kind} with content")
        row = {"path": path, "type": kind, "mode": header.mode, **values, "link": link, **self.time_of(header, pax)}
        return self.entry(row)

    def time_of(self, header, pax):
        """F5: seconds, rounded down, and nanoseconds."""
        seconds, nanoseconds = header.mtime, 0
        if pax.get("mtime"):
            sign, whole, fraction = pax["mtime"].groups()
            seconds, nanoseconds = int(whole), int((fraction or "").ljust(9, "0")[:9])
            if sign:
                seconds, nanoseconds = (-seconds - 1, 10**9 - nanoseconds) if nanoseconds else (-seconds, 0)
        return {"mtime": max(-LATEST, min(LATEST, seconds)), "mtime_ns": nanoseconds}

    def entry(self, row):
        path, kind = row["path"], row["type"]
        beginning = b""
        if kind == "file" and row["size"] >= 4 and path.rpartition("/")[2].startswith("._"):
            beginning = self.tar.exactly(4)
        apple_double = beginning == APPLE_DOUBLE
        is_manifest = path in ("manifest.json", "./manifest.json")
        if self.manifest is None and not apple_double:
            need(is_manifest and kind == "file", "F2", f"{path!r} comes before manifest.json")
        if is_manifest:
            if self.manifest is not None:
                raise Broken("F15: manifest.json stands twice")
            need(row["size"] <= MIB, "F15", "manifest.json is too large")
            self.manifest = reader.parse(self.tar.exactly(row["size"]), "F15", "manifest.json")
            check_manifest(self.manifest)
            self.kinds["manifest.json"] = "manifest"
            self.check_rights(row, path, "manifest")
            self.tar.exactly(-row["size"] % 512)
            return None
        row["path"] = self.place(row, "AppleDouble file" if apple_double else kind)
        if not apple_double and row["path"]:
            self.count(row)
        self.pass_over(row["size"] - len(beginning) + -row["size"] % 512)
        return None if apple_double or not row["path"] else row

    def pass_over(self, length):
        while length:
            length -= len(self.tar.exactly(min(length, PORTION)))

    def place(self, row, kind):
        """F13 and F14: the path under which it is restored, held against those before it."""
        path, link = row["path"], row["link"]
        if path == "./" and kind == "directory":
            path = ""
        else:
            path = path[2:] if path.startswith("./") else path
            need(not changes(path), "F13", f"some readers change the name {path!r}")
            if kind == "symbolic link":
                up = "\\" in link and has_way_up(link)
                need(not re.match(r"[A-Za-z]:|\\", link) and not up, "F13", f"some readers change the target of {path!r}")
                need(len(link.encode()) <= 4095, "L1", f"the target of {path!r} is too long")
            path = path[:-1] if kind == "directory" and path.endswith("/") else path
            reader.check_path(path, "F13")
        known = self.kinds.get(path)
        need(known is None or (known == "parent" and kind == "directory"), "F13", f"{path!r} stands twice")
        parent = path.rpartition("/")[0]
        while parent and self.kinds.get(parent) not in ("directory", "parent"):
            need(parent not in self.kinds, "F13", f"{path!r} lies below a {self.kinds.get(parent)}")
            self.kinds[parent] = "parent"
            self.implied += 1
            need(self.implied <= IMPLIED, "F14", "more than 1,000,000 directories without an entry")
            parent = parent.rpartition("/")[0]
        self.kinds[path] = kind
        if kind != "AppleDouble file":
            self.check_rights(row, path, kind)
        return path

    def check_rights(self, row, path, kind):
        """F11: set-id bits, and what a hard link has in common with its file."""
        mode = row["mode"]
        need(not mode & 0o4000 and (kind == "directory" or not mode & 0o2000), "F11", f"set-id bits of {path!r}")
        rights = (mode, row["uid"], row["gid"])
        if kind == "file":
            self.rights[path] = rights
        if kind == "hard link":
            target = row["link"][2:] if row["link"].startswith("./") else row["link"]
            need(target in self.rights, "F11", f"{path!r} is a hard link to no file before it")
            need(self.rights.get(target, rights) == rights, "F11", f"{path!r} has another mode or owner than its file")
            row["link"] = target

    def count(self, row):
        parent, _, name = row["path"].rpartition("/")
        if re.fullmatch(r"(?s).+\.(md|json)", name):
            self.counts[parent] = self.counts.get(parent, 0) + 1
        if row["type"] == "file":
            self.files += 1
            self.bytes += row["size"]

    def check_counts(self):
        """F16: what the manifest counts."""
        said = {section["name"]: section["entry_count"] for section in self.manifest["sections"]}
        for name in {*said, *SECTIONS}:
            count = self.counts.get(name, 0)
            need(said.get(name, 0) == count, "F16", f"section {name!r} has {count} entries, not {said.get(name, 0)}")
        for key, count in (("files", self.files), ("bytes", self.bytes)):
            need(self.manifest.get(key) in (None, count), "F16", f"{key} of the manifest, not {count}")


def check_manifest(manifest):
    """F15: what is asked of a manifest here."""
    version = manifest.get("version")
    need(type(version) is int and version == 1, "F15", f"manifest version {version!r}, not 1")
    form = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]+)?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])"
    created_at = manifest.get("created_at")
    need(isinstance(created_at, str) and re.fullmatch(form, created_at) and is_date(created_at), "F15", "created_at is no time")
    need(isinstance(manifest.get("oxios_version"), str), "F15", "oxios_version is no string")
    reader.check_sections(manifest, least=0)
    reader.check_notes(manifest)
    if "snapshot_format" in manifest:
        need(type(manifest["snapshot_format"]) is int and manifest["snapshot_format"] == 1, "F15", "snapshot_format is not 1")
    for key in ("files", "bytes"):
        if manifest.get(key) is not None:
            reader.integer(manifest[key], "F15", key)
    if manifest.get("index_sha256") is not None:
        reader.digest(manifest["index_sha256"], "F15", "index_sha256")


def is_date(created_at):
    year, month, day = (int(part) for part in created_at[:10].split("-"))
    # A calendar of Python begins in the year 1; the days of a month come again every 400 years.
    return 1 <= month <= 12 and 1 <= day <= reader.calendar.monthrange(year % 400 + 400, month)[1]
