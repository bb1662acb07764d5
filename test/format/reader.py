#!/usr/bin/env python3
"""A reader of snapshots, written from src/format/SNAPSHOT-FORMAT.md alone. Python 3.9 or later, no other package.

    reader.py check FILE   verifies every rule and digest; says nothing of a snapshot that is valid
    reader.py list FILE    the same, and a line of JSON for each entry

Status 0: valid. 1: not a valid snapshot; the first rule that is broken goes to standard error. 2: wrong usage.
Rules are named as in the document (G4, T3). Memory does not grow with files or entries, but with hard links and statuses.
A foreign archive, without a seal, is read by foreign_reader.py beside this file.
"""

import calendar
import hashlib
import json
import os
import re
import struct
import sys
import zlib

MIB = 1 << 20
MOST = 2**53 - 1
PIECE = MIB
FIXED = bytes.fromhex("1f8b08040000000000ff")
FRAMED = 21  # bytes of an M, D or E member before its deflate data
SEALED = 124
INDEX_PART = 8000
INDEX_MEMBER = 16 + 1 + INDEX_PART + 2 + 8
LARGEST_MEMBER = 64 * MIB
LARGEST_JSON = 64 * MIB
MOST_ENTRIES, MOST_MEMBERS, MOST_BLOCKS, MOST_SECTIONS = 16_384, 524_288, 4_096, 1_000
KNOWN_FEATURES = set()
SECTIONS = [
    "seeds", "evals", "memory/conversations", "memory/sessions", "memory/facts", "memory/episodes",
    "memory/knowledge", "sessions", "agent_groups",
]  # fmt: skip
KINDS = {"f": "files", "d": "directories", "l": "symlinks", "h": "hard_links"}


# Rules that are not looked at: a test leaves one out to see that a snapshot breaks no other.
LEFT_OUT = set()


class Broken(Exception):
    """The snapshot breaks a rule."""


def need(true, rule, what):
    if not true and rule not in LEFT_OUT:
        raise Broken(f"{rule}: {what}")


def sha256(data):
    return hashlib.sha256(data).digest()


def integer(value, rule, what, least=0, most=MOST, limit=None):
    """`rule` is that of what it is, `limit` that of its range."""
    if isinstance(value, tuple):
        plain_text = re.fullmatch("-?[1-9][0-9]*", value[0])
        need(plain_text, "J3", f"{what} is no integer in plain digits")
        value = int(value[0]) if plain_text else least
    need(type(value) is int, rule, f"{what} is no integer")
    need(type(value) is not int or least <= value <= most, limit or rule, f"{what} is no integer from {least} to {most}")
    return value


def digest(value, rule, what):
    if not isinstance(value, str):
        raise Broken(f"{rule}: {what} is no digest")
    need(re.fullmatch("[0-9a-f]{64}", value), "J4", f"{what} is no digest in lower-case hexadecimal")
    try:
        return bytes.fromhex(value)
    except ValueError:
        return b""


# JSON

# A string, closed or not, or a bracket.
TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)|[\[\]{}]', re.DOTALL)


def plain(text):
    """An integer, or a number that is compared by its text: (text,)."""
    if "J3" in LEFT_OUT and float(text).is_integer():
        return int(float(text))
    return int(text) if text != "-0" and len(text) < 18 and abs(int(text)) < 2**53 else (text,)


def plain_or_text(text):
    return int(float(text)) if "J3" in LEFT_OUT and float(text).is_integer() else (text,)


def without_twins(pairs):
    made = dict(pairs)
    need(len(made) == len(pairs), "J2", "a key appears twice in an object")
    return made


def no_constant(text):
    raise ValueError(f"{text} is not JSON")


def parse(data, rule, what, deepest=32):
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise Broken(f"J1: {what} is not UTF-8") from None
    need(not text.startswith("\ufeff"), "J1", f"{what} has a byte order mark")
    text = text.lstrip("\ufeff")
    depth = 0
    for token in TOKEN.finditer(text):
        first = token.group()[0]
        depth += (first in "[{") - (first in "]}")
        need(depth <= deepest, "J5", f"{what} is nested too deeply")
    try:
        value = json.loads(
            text,
            object_pairs_hook=without_twins,
            parse_int=plain,
            parse_float=plain_or_text,
            parse_constant=no_constant,
        )
    except ValueError as error:
        raise Broken(f"{rule}: {what} is not JSON: {error}") from None
    if re.search(r"\\u[dD][89a-fA-F]", text):
        refuse_halves(value, what)
    need(isinstance(value, dict), rule, f"{what} is no JSON object")
    return value


def refuse_halves(value, what):
    """J6: only an escape can put half of a surrogate pair into a string that was UTF-8."""
    if isinstance(value, str):
        need(not re.search("[\ud800-\udfff]", value), "J6", f"a string in {what} holds half of a surrogate pair")
    elif isinstance(value, list):
        for item in value:
            refuse_halves(item, what)
    elif isinstance(value, dict):
        for key, item in value.items():
            refuse_halves(key, what)
            refuse_halves(item, what)


def same(one, other):
    """Whether two values of JSON say the same (M13). In Python True is 1; in JSON it is not."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other


# Paths


def order(path):
    """E4: a path's place among others. It has no NUL, so `/` can take NUL's place."""
    return path.encode().replace(b"/", b"\0")


def check_path(path, rule="E1", longest=True):
    need(isinstance(path, str), "I14", "a path is no string")
    need("\0" not in path, rule if rule != "E1" else "E2", f"NUL in the path {path!r}")
    parts = path.split("/")
    need(not {"", ".", ".."} & set(parts), rule, f"not a path in the state directory: {path!r}")
    need(path != "manifest.json", rule if rule != "E1" else "E3", "manifest.json is an entry or has a status")
    if longest:
        need(1 <= len(path.encode()) <= 4095, "L1", f"path too long: {path!r}")
        need(max(len(part.encode()) for part in parts) <= 1023, "L2", f"name too long: {path!r}")


# Gzip members


def stored(data):
    """G7: stored deflate blocks."""
    blocks = []
    for at in range(0, len(data), 65_535):
        part = data[at : at + 65_535]
        last = at + len(part) == len(data)
        blocks += [struct.pack("<BHH", last, len(part), len(part) ^ 0xFFFF), part]
    return b"".join(blocks)


def header(kind, value):
    return FIXED + struct.pack("<H2sH", 5 + len(value), b"OX", 1 + len(value)) + kind + value


def trailer(data):
    return struct.pack("<II", zlib.crc32(data), len(data) & 0xFFFFFFFF)


def stored_member(kind, data):
    packed = stored(data)
    length = FRAMED + len(packed) + 8
    return header(kind, struct.pack("<I", length)) + packed + trailer(data)


def empty_member(kind, value):
    return header(kind, value) + b"\3\0" + trailer(b"")


def check_frame(member, kind):
    """The header of an M or D member; G1 to G4."""
    need(member[:10] == FIXED, "G1", f"a member of kind {kind.decode()} does not begin as a member does")
    need(member[10:16] == b"\x09\0OX\x05\0", "G2", "another extra field than that of the format")
    need(member[16:17] == kind, "G3", f"a member of another kind than {kind.decode()}")
    need(member[17:21] == struct.pack("<I", len(member)), "G4", "a member has another length than it says")


def inflate(chunks, most, rule, what, limit=None):
    """Raw deflate, whole, with nothing behind it, of at most so many bytes; `limit` is the rule of that."""
    limit = limit or rule
    if limit in LEFT_OUT:
        most = 2 * most + 512
    engine = zlib.decompressobj(-15)
    made, size = [], 0
    try:
        for chunk in chunks:
            need(not engine.eof, rule, f"bytes behind the deflate data of {what}")
            while chunk:
                part = engine.decompress(chunk, most - size + 1)
                size += len(part)
                need(size <= most, limit, f"{what} inflates to more than {most} bytes")
                made.append(part)
                chunk = engine.unconsumed_tail
        if not engine.eof:
            made.append(engine.flush())
    except zlib.error as error:
        raise Broken(f"{rule}: {what} does not inflate: {error}") from None
    need(engine.eof, rule, f"the deflate data of {what} has no end")
    need(not engine.unused_data, rule, f"bytes behind the deflate data of {what}")
    data = b"".join(made)
    need(len(data) <= most, limit, f"{what} inflates to more than {most} bytes")
    return data


def inflate_member(member, raw):
    data = inflate([member[FRAMED:-8]], raw, "G5", "a member", "I16")
    need(len(data) == raw, "I16", "a member holds fewer tar bytes than its block says")
    need(member[-8:] == trailer(data), "G6", "CRC-32 or ISIZE of a member is wrong")
    return data


# Tar headers


def number(value, width):
    digits = width - 2
    return (b"%0*o \0" % (digits, value)) if value < 8**digits else (b"%0*o\0" % (digits + 1, value))


def shortened(data):
    """T6: whole characters, in at most 100 bytes."""
    return data[:100].decode("utf-8", "ignore").encode()


def ustar(name, prefix, mode, uid, gid, size, mtime, kind, link):
    block = b"".join([
        name.ljust(100, b"\0"), number(mode, 8), number(uid, 8), number(gid, 8), number(size, 12), number(mtime, 12),
        b" " * 8, kind, link.ljust(100, b"\0"), b"ustar\0" b"00", bytes(64), number(0, 8), number(0, 8),
        prefix.ljust(155, b"\0"), bytes(12),
    ])  # fmt: skip
    return block[:148] + number(sum(block), 8) + block[156:]


def record(keyword, value):
    rest = b" %s=%s\n" % (keyword, value)
    length = len(rest) + 1
    while length != len(b"%d" % length) + len(rest):
        length = len(b"%d" % length) + len(rest)
    return b"%d" % length + rest


def tar_header(row):
    """The header blocks of an entry; T1 to T9."""
    name = row["path"].encode() + (b"/" if row["type"] == "d" else b"")
    link = row["link"].encode()
    values = {key: row[key] for key in ("size", "uid", "gid", "mtime")}
    prefix, field, records = b"", name, []
    if len(name) > 100:
        at = name.rfind(b"/", 0, min(156, len(name) - 1))
        if at > 0 and len(name) - at - 1 <= 100:
            prefix, field = name[:at], name[at + 1 :]
        else:
            records.append(record(b"path", name))
            field = shortened(name)
    if len(link) > 100:
        records.append(record(b"linkpath", link))
        link = shortened(link)
    for key, limit in (("size", 8**11), ("uid", 8**7), ("gid", 8**7), ("mtime", 8**11)):
        if not 0 <= values[key] < limit:
            records.append(record(key.encode(), b"%d" % values[key]))
            values[key] = 0
    kind = {"f": b"0", "h": b"1", "l": b"2", "d": b"5"}[row["type"]]
    made = ustar(field, prefix, row["mode"], kind=kind, link=link, **values)
    if not records:
        return made
    pax = b"".join(records)
    return ustar(b"PaxHeader", b"", 0o644, 0, 0, len(pax), 0, b"x", b"") + padded(pax) + made


NUMBERS = (("mode", 100, 8), ("uid", 108, 8), ("gid", 116, 8), ("size", 124, 12), ("mtime", 136, 12))


def text_of(field):
    return field.split(b"\0", 1)[0]


def check_header(actual, row):
    """T1 to T9, each field for itself; `actual` is as long as the header of the row."""
    expected = tar_header(row)
    if actual == expected:
        return
    name = row["path"]
    head = len(expected) - 512
    if head:
        need(actual[:512] == expected[:512], "T5", f"the header of the pax header of {name!r}")
        length = int(expected[124:135].rstrip(b" \0"), 8)
        need(actual[512 : 512 + length] == expected[512 : 512 + length], "T4", f"the pax records of {name!r}")
        need(actual[512 + length : head] == expected[512 + length : head], "T5", f"the padding of the pax header of {name!r}")
    records = expected[512:head] if head else b""
    block, right = actual[head:], expected[head:]
    need(block[257:265] == right[257:265], "T2", f"magic or version of {name!r}")
    for key, at, width in NUMBERS:
        field, other = block[at : at + width], right[at : at + width]
        if field == other:
            continue
        if b" %s=" % key.encode() in records:
            need(False, "T6", f"{key} of {name!r} is in the pax header, and not 0")
            continue
        digits = field.strip(b" \0")
        spelled = re.fullmatch(rb"[0-7]+", digits) and int(digits, 8) < 8 ** (width - 1)
        as_it_must = spelled and field == number(int(digits, 8), width)
        need(False, "T9" if as_it_must else "T1", f"{key} of {name!r}")
    checked = number(sum(block[:148]) + 8 * 32 + sum(block[156:]), 8)
    need(block[148:156] == checked, "T1", f"checksum of {name!r}")
    need(block[329:345] == right[329:345], "T1", f"device of {name!r}")
    need(block[156] == right[156], "T8", f"type of {name!r}")
    for at, end, key in ((0, 100, b"path"), (157, 257, b"linkpath"), (345, 500, b"path")):
        field, other = block[at:end], right[at:end]
        if field == other:
            continue
        if b" %s=" % key in records:
            need(False, "T6", f"{key.decode()} of {name!r} is in the pax header, and the field is another")
        elif text_of(field) == text_of(other):
            need(False, "T7", f"bytes behind the {key.decode()} of {name!r}")
        elif key == b"path" and joined_name(block) == joined_name(right):
            need(False, "T3", f"the name {name!r} is split elsewhere")
        elif key == b"linkpath" and row["type"] not in "lh":
            need(False, "T7", f"a target in the header of {name!r}")
        else:
            need(False, "T9", f"{key.decode()} of {name!r}")
    need(block[265:329] == right[265:329] and block[500:] == right[500:], "T7", f"other bytes of the header of {name!r}")


def joined_name(block):
    prefix = text_of(block[345:500])
    return (prefix + b"/" if prefix else b"") + text_of(block[:100])


def padded(data):
    return data + bytes(-len(data) % 512)


# Manifests


def seconds_of(created_at):
    """M5: whole seconds since 1970 of an RFC 3339 time in UTC."""
    form = r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})(\.[0-9]+)?Z"
    need(isinstance(created_at, str) and re.fullmatch(form, created_at), "M5", "created_at is no time with seconds and Z")
    found = re.fullmatch(form, str(created_at).upper())
    if not found:
        raise Broken("M5: created_at is no time")
    year, month, day, hour, minute, second = map(int, found.groups()[:6])
    need(1970 <= year and 1 <= month <= 12, "M5", "created_at is no date, or before 1970")
    need(1 <= day <= calendar.monthrange(year, month)[1], "M5", "created_at is no date")
    need(hour < 24 and minute < 60 and second < 60, "M5", "created_at is no time of a day")
    seconds = calendar.timegm((year, month, day, hour, minute, second))
    need(seconds < 8**11, "M5", "created_at is too late for a tar")
    return seconds


def check_manifest(manifest, in_index):
    version = manifest.get("version")
    need(type(version) is int and version == 1, "M4", f"manifest version {version!r}, not 1")
    seconds = seconds_of(manifest.get("created_at"))
    need(isinstance(manifest.get("oxios_version"), str), "M6", "oxios_version is no string")
    check_sections(manifest, least=1)
    need(type(manifest.get("snapshot_format")) is int and manifest["snapshot_format"] == 1, "M9", "snapshot_format")
    if in_index:
        need("index_sha256" not in manifest, "M12", "the manifest of the index header has index_sha256")
        manifest.pop("index_sha256", None)
    else:
        need("index_sha256" in manifest, "M11", "index_sha256 missing")
        if manifest["index_sha256"] is not None:
            digest(manifest["index_sha256"], "M11", "index_sha256")
    check_notes(manifest)
    piped = not in_index and manifest["index_sha256"] is None
    for key in ("files", "bytes"):
        need(key in manifest, "M10", f"{key} missing")
        if not (piped and manifest[key] is None):
            integer(manifest[key], "M10", key)
    return seconds


def check_sections(manifest, least):
    """M7: names and counts; `least` is the lowest count."""
    sections = manifest.get("sections")
    need(isinstance(sections, list), "M7", "sections are no list")
    need(len(sections) <= MOST_SECTIONS, "L8", "too many sections")
    names = set()
    for section in sections:
        name = section.get("name") if isinstance(section, dict) else None
        need(isinstance(name, str), "M7", "a section has no name")
        need("" not in name.split("/") and "\\" not in name and ".." not in name and "\0" not in name, "M7", f"section {name!r}")
        need(name not in names, "M7", f"section {name!r} appears twice")
        names.add(name)
        integer(section.get("entry_count"), "M7", f"count of section {name!r}", least=least)


def check_notes(manifest):
    """M14: what MAY be there."""
    if "tool" in manifest:
        need(isinstance(manifest["tool"], str), "M14", "tool is no string")
    if "source" in manifest:
        source = manifest["source"]
        need(isinstance(source, dict), "M14", "source is no object")
        for key in ("platform", "hostname", "state_dir"):
            need(isinstance(source.get(key), str), "M14", f"{key} of source is no string")
    if "excludes" in manifest:
        excludes = manifest["excludes"]
        need(isinstance(excludes, list) and all(isinstance(item, str) for item in excludes), "M14", "excludes")


# The snapshot


def is_seal(end):
    """Whether the last bytes of a file begin as a seal does."""
    return len(end) == SEALED and end[:17] == empty_member(b"S", bytes(97))[:17]


def claims_to_be_ours(start):
    """S7: by the first 14 bytes of a file."""
    return start[:2] == b"\x1f\x8b" and len(start) >= 14 and start[3] & 4 and start[12:14] == b"OX"


def opened(file):
    """What the file is: a snapshot, or a foreign archive."""
    start = file.read(14)
    file.seek(max(0, file.seek(0, os.SEEK_END) - SEALED))
    end = file.read()
    file.seek(0)
    if claims_to_be_ours(start) or end == empty_member(b"S", end[17:114]):
        return Snapshot(file)
    try:
        import foreign_reader
    except ImportError:
        raise Broken("S1: no seal at the end; foreign archives need foreign_reader.py beside this file") from None
    return foreign_reader.Archive(file)


class Snapshot:
    def __init__(self, file):
        self.file = file
        self.length = file.seek(0, os.SEEK_END)

    def bytes_at(self, offset, length):
        self.file.seek(offset)
        data = self.file.read(length)
        need(len(data) == length, "S3", "the file ends too early")
        return data

    def check(self, each=None):
        """Checks all; calls `each` for every entry."""
        self.read_seal()
        self.read_index_members()
        self.read_root()
        self.read_manifest()
        self.walk(each)

    def read_seal(self):
        need(self.length >= SEALED, "S1", "too short for a seal")
        member = self.bytes_at(self.length - SEALED, SEALED)
        if not is_seal(member):
            raise Broken("S1: no seal at the end")
        seal = member[17:114]
        need(seal[0] == 1, "S2", f"format version {seal[0]}; this reader knows 1")
        need(member == empty_member(b"S", seal), "S1", "the seal is no empty member")
        length, self.index_at, self.index_length, self.root_length = struct.unpack("<4Q", seal[1:33])
        need(length == self.length, "S3", f"the file has {self.length} bytes, its seal says {length}")
        self.root_sha256, self.manifest_sha256 = seal[33:65], seal[65:97]
        need(0 < self.root_length <= self.index_length <= self.length, "S4", "lengths of index or index header")
        whole, rest = divmod(self.index_length, INDEX_PART)
        taken = whole * INDEX_MEMBER + (rest + INDEX_MEMBER - INDEX_PART if rest else 0)
        need(self.index_at + taken + SEALED == self.length, "S4", "the index does not lie where the seal says")

    def read_index_members(self):
        at = self.index_at
        for start in range(0, self.index_length, INDEX_PART):
            part = min(INDEX_PART, self.index_length - start)
            member = self.bytes_at(at, part + INDEX_MEMBER - INDEX_PART)
            need(member[:10] == FIXED, "G1", "a member of the index does not begin as a member does")
            need(member == empty_member(b"I", member[17:-10]), "G9", "a member of the index is not as it must be")
            at += len(member)

    def index(self, offset, length):
        """Bytes of the joined index, in portions."""
        end = offset + length
        while offset < end:
            whole, within = divmod(offset, INDEX_PART)
            part = min(INDEX_PART - within, end - offset)
            yield self.bytes_at(self.index_at + whole * INDEX_MEMBER + 17 + within, part)
            offset += part

    def read_root(self):
        at = self.index_length - self.root_length
        hashed = hashlib.sha256()
        for part in self.index(at, self.root_length):
            hashed.update(part)
        need(hashed.digest() == self.root_sha256, "S5", "the index header has another SHA-256")
        self.root_sha256 = hashed.digest()
        data = inflate(self.index(at, self.root_length), LARGEST_JSON, "I1", "the index header", "L6")
        self.root = root = parse(data, "I1", "the index header", 33)
        need(type(root.get("format")) is int and root["format"] == 1, "I2", "format of the index is not 1")
        features = root.get("requires")
        need(isinstance(features, list), "I3", "requires is no list")
        for feature in features or []:
            need(isinstance(feature, str), "I3", "a feature is no string")
            need(feature in KNOWN_FEATURES, "I3", f"this reader does not know the feature {feature!r}")
        directory = root.get("directory")
        need(isinstance(directory, dict), "I4", "directory missing")
        check_numbers(directory, "I4", 0o3777)
        need(isinstance(root.get("manifest"), dict), "M9", "the index header has no manifest")
        check_manifest(root["manifest"], in_index=True)
        need(isinstance(root.get("totals"), dict), "I5", "totals missing")
        need(isinstance(root.get("pages"), list), "I8", "pages missing")
        self.statuses = {}
        need(isinstance(root.get("statuses"), list), "I19", "statuses missing")
        last = None
        for item in root["statuses"]:
            need(isinstance(item, dict), "I19", "a status is no object")
            path, status = item.get("path"), item.get("status")
            check_path(path, "I21", longest=False)
            need(
                status in ("retried", "truncated", "inconsistent", "deleted", "unreadable"),
                "I19",
                f"{path!r} has a status that nobody defined",
            )
            need(isinstance(item.get("detail"), str), "I19", f"the status of {path!r} has no detail")
            need(last is None or last < order(path), "I20", "statuses out of order")
            last = order(path)
            self.statuses[path] = status

    def read_manifest(self):
        frame = self.bytes_at(0, min(FRAMED, self.length))
        self.members_at = struct.unpack("<I", frame[17:21])[0]
        need(self.members_at <= MIB, "L7", "the first member says that it has more than a MiB")
        need(FRAMED + 8 <= self.members_at <= self.index_at, "G4", "the length that the first member says")
        member = self.bytes_at(0, self.members_at)
        need(sha256(member) == self.manifest_sha256, "S6", "the first member has another SHA-256")
        check_frame(member, b"M")
        tar = inflate([member[FRAMED:-8]], MIB, "G5", "the first member", "L7")
        need(member[-8:] == trailer(tar), "G6", "CRC-32 or ISIZE of the first member is wrong")
        need(member[FRAMED:-8] == stored(tar), "G7", "the first member is not made of stored blocks")
        need(len(tar) > 512 and len(tar) % 512 == 0, "M3", "the manifest's size is no multiple of 512")
        manifest = parse(tar[512:], "M1", "the manifest")
        seconds = check_manifest(manifest, in_index=False)
        row = {"path": "manifest.json", "type": "f", "mode": 0o644, "uid": 0, "gid": 0, "link": ""}
        expected = tar_header({**row, "mtime": seconds, "size": len(tar) - 512})
        need(tar[:512] == expected, "M2", "the header of the manifest is not made of its row")
        sealed = manifest.pop("index_sha256")
        if sealed is not None:
            need(digest(sealed, "M11", "index_sha256") == self.root_sha256, "M11", "index_sha256 is that of another index header")
            need(same(manifest, self.root["manifest"]), "M13", "the two manifests differ")

    # The index's pages and blocks

    def part(self, at, length, expected, rule, what):
        """JSON and digests of a page or a block."""
        need(length >= 4, rule, f"{what} has less than 4 bytes")
        hashed = hashlib.sha256()
        for portion in self.index(at, length):
            hashed.update(portion)
        need(hashed.digest() == expected, rule, f"{what} has another SHA-256")
        packed = struct.unpack("<I", b"".join(self.index(at, 4)))[0]
        need(4 + packed <= length, "I1", f"{what} is shorter than its deflate data")
        need(length - 4 - packed <= (MOST_ENTRIES + 2 * MOST_MEMBERS) * 32, "I15", f"{what} has too many digests")
        columns = parse(inflate(self.index(at + 4, packed), LARGEST_JSON, "I1", what, "L6"), "I1", what)
        return columns, b"".join(self.index(at + 4 + packed, length - 4 - packed))

    def blocks(self):
        """Every block: rows, members, digests; I6 to I15."""
        at, last = 0, None
        for page in self.root["pages"]:
            need(isinstance(page, dict), "I8", "a page is no object")
            for key in ("entries", "block_bytes", "length", "stored", "raw"):
                integer(page.get(key), "I14", f"{key} of a page", limit="L11")
            integer(page.get("blocks"), "I14", "blocks of a page", 1, MOST_BLOCKS, "L5")
            page_at = at + page["block_bytes"]
            end = page_at + page["length"]
            need(end <= self.index_length - self.root_length, "I6", "a page lies behind the index")
            expected = digest(page.get("sha256"), "I7", "SHA-256 of a page")
            columns, digests = self.part(page_at, page["length"], expected, "I7", "a page")
            for key in ("first", "entries", "members", "length", "stored", "raw"):
                column = columns.get(key)
                need(isinstance(column, list) and len(column) == page["blocks"], "I10", f"column {key} of a page")
            need(len(digests) == 32 * page["blocks"], "I10", "number of digests of a page")
            for key, most in (("entries", MOST_ENTRIES), ("members", MOST_MEMBERS)):
                for value in columns[key]:
                    integer(value, "I14", f"{key} of a block", 1, most, "L4")
            for key in ("length", "stored", "raw"):
                for value in columns[key]:
                    integer(value, "I14", f"{key} of a block", limit="L11")
            for first in columns["first"]:
                check_path(first)
                need(last is None or last < order(first), "I9", "first paths do not ascend")
                last = order(first)
            need(page.get("first") == columns["first"][0], "I8", "a page begins with another path")
            for key, column in (("entries", "entries"), ("block_bytes", "length"), ("stored", "stored"), ("raw", "raw")):
                need(page[key] == sum(columns[column]), "I8", f"{key} of a page is another")
            for place in range(page["blocks"]):
                said = {key: columns[key][place] for key in ("first", "entries", "members", "length", "stored", "raw")}
                yield self.block(at, said, digests[32 * place : 32 * place + 32])
                at += said["length"]
            at = end
        need(at == self.index_length - self.root_length, "I6", "bytes of the index that no page names")

    def block(self, at, said, expected):
        columns, digests = self.part(at, said["length"], expected, "I11", "a block")
        types = columns.get("type")
        need(isinstance(types, str), "I13", "column type of a block")
        need(not set(types) - set(KINDS), "E7", "an entry of another type")
        numbers = {"path": len(types), "size": types.count("f"), "link": types.count("l") + types.count("h")}
        numbers.update(dict.fromkeys(("mode", "uid", "gid", "mtime", "mtime_ns"), len(types)))
        for key in ("stored", "raw", *numbers):
            column = columns.get(key)
            need(isinstance(column, list), "I13", f"column {key} of a block")
            need(len(column) == numbers.get(key, len(columns["stored"])), "I13", f"length of the column {key}")
        members = list(zip(columns["stored"], columns["raw"]))
        need(types and members, "I13", "a block without entries or members")
        for packed, raw in members:
            integer(raw, "I14", "tar bytes of a member", 512, LARGEST_MEMBER, "L3")
            integer(packed, "I14", "length of a member", FRAMED + 8, LARGEST_MEMBER + 65_536, "L3")
        need(
            (said["first"], said["entries"], said["members"]) == (columns["path"][0], len(types), len(members))
            and said["stored"] == sum(columns["stored"])
            and said["raw"] == sum(columns["raw"]),
            "I12",
            "a block is not what its page says of it",
        )
        return columns, digests

    # Entries

    def rows(self, columns):
        sizes, links = iter(columns["size"]), iter(columns["link"])
        for place, kind in enumerate(columns["type"]):
            row = {key: columns[key][place] for key in ("path", "mode", "uid", "gid", "mtime", "mtime_ns")}
            row["type"] = kind
            row["size"] = integer(next(sizes), "I14", "size", limit="L11") if kind == "f" else 0
            row["link"] = next(links) if kind in "lh" else ""
            check_path(row["path"])
            check_numbers(row, "I14", 0o7777, True)
            mode = row["mode"]
            need(not mode & 0o4000 and (kind == "d" or not mode & 0o2000), "E8", f"set-id bits of {row['path']!r}")
            if kind in "lh":
                need(isinstance(row["link"], str), "I14", "a link's target is no string")
                need(row["link"] and "\0" not in row["link"], "E11", f"target of {row['path']!r}")
                need(len(row["link"].encode()) <= 4095, "L1", f"target of {row['path']!r} is too long")
            yield row

    def walk(self, each):
        totals = dict.fromkeys(("entries", "files", "directories", "symlinks", "hard_links", "bytes", "tar_bytes"), 0)
        for key in totals:
            integer(self.root["totals"].get(key), "I5", f"total of {key}")
        linked = self.targets() if self.root["totals"]["hard_links"] else {}
        said = {section["name"]: section["entry_count"] for section in self.root["manifest"]["sections"]}
        counts = dict.fromkeys([*said, *SECTIONS], 0)
        missing = dict(self.statuses)
        parents, last, at = [], None, self.members_at
        for columns, digests in self.blocks():
            rows = list(self.rows(columns))
            for row in rows:
                path, kind = row["path"], row["type"]
                place = order(path)
                need(last != place, "E5", f"{path!r} appears twice")
                need(last is None or last <= place, "E4", f"{path!r} is out of order")
                last = place
                parent, _, name = path.rpartition("/")
                while parents and parents[-1] != parent:
                    parents.pop()
                need(not parent or parents, "E6", f"{path!r} has no parent before it")
                if kind == "d":
                    parents.append(path)
                status = missing.pop(path, None)
                need(status not in ("deleted", "unreadable"), "I22", f"{path!r} is there, and has the status {status}")
                if parent in counts and re.fullmatch(r"(?s).+\.(md|json)", name):
                    counts[parent] += 1
                if kind == "h":
                    target = linked.get(row["link"])
                    need(target, "E9", f"{path!r} refers to no file before it")
                    need(not target or target == inode(row), "E10", f"{path!r} has not what its file has")
                elif kind == "f" and path in linked:
                    linked[path] = inode(row)
                totals["entries"] += 1
                totals[KINDS[kind]] += 1
                totals["bytes"] += row["size"]
            totals["tar_bytes"] += sum(columns["raw"])
            at = self.read_members(at, rows, columns, digests)
            for row in rows if each else ():
                each(row)
        for path, status in missing.items():
            need(status in ("deleted", "unreadable"), "I22", f"{path!r} has the status {status}, and is not there")
        for key, value in totals.items():
            need(self.root["totals"][key] == value, "I5", f"total of {key} is {value}")
        end = stored_member(b"E", bytes(1024))
        need(at + len(end) == self.index_at, "I18", "the members do not fill the file up to the end of the tar")
        self.check_end(self.bytes_at(self.index_at - len(end), len(end)))
        for name, count in counts.items():
            need(said.get(name, 0) == count, "M8", f"section {name!r} has {count} entries, not {said.get(name, 0)}")
        for key in ("files", "bytes"):
            need(self.root["manifest"][key] == totals[key], "M10", f"{key} of the manifest, not {totals[key]}")

    def check_end(self, member):
        check_frame(member, b"E")
        data = inflate([member[FRAMED:-8]], 1024, "G5", "the end of the tar", "G8")
        need(data == bytes(1024), "G8", "the end of the tar is not zero")
        need(member[-8:] == trailer(data), "G6", "CRC-32 or ISIZE of the end of the tar is wrong")
        need(member[FRAMED:-8] == stored(data), "G7", "the end of the tar is not made of stored blocks")

    def targets(self):
        """Paths to which hard links refer. What they are is filled in where they stand."""
        found = {}
        for columns, _ in self.blocks():
            for row in self.rows(columns):
                if row["type"] == "h":
                    found[row["link"]] = None
        return found

    def read_members(self, at, rows, columns, digests):
        """The members of a block against its rows, byte by byte. Returns where they end."""
        cut = layout(rows, columns["raw"])
        files = columns["type"].count("f")
        pieces = sum(1 for whole, _ in cut if not whole)
        need(len(digests) == 32 * (files + len(cut) + pieces), "I15", "number of digests of a block")
        take = iter([digests[start : start + 32] for start in range(0, len(digests), 32)])
        of_files = [next(take) for _ in range(files)]
        of_members = [next(take) for _ in cut]
        of_pieces = list(take)
        next_file, next_piece = iter(of_files), iter(of_pieces)
        content, left = None, 0
        for (whole, those), packed, raw, expected in zip(cut, columns["stored"], columns["raw"], of_members):
            need(at + packed <= self.index_at, "I18", "a member lies behind the end of the tar")
            member = self.bytes_at(at, packed)
            check_frame(member, b"D")
            need(sha256(member) == expected, "G10", f"a member of {those[0]['path']!r} has another SHA-256")
            tar = inflate_member(member, raw)
            at += packed
            place = 0
            for row in those:
                if whole or content is None:
                    head = tar_header(row)
                    check_header(tar[place : place + len(head)], row)
                    place += len(head)
                    content, left = hashlib.sha256(), row["size"]
                part = min(left, len(tar) - place) if whole else min(left, PIECE)
                data = tar[place : place + part]
                content.update(data)
                left -= part
                place += part
                if not whole:
                    need(sha256(data) == next(next_piece), "I17", f"a piece of {row['path']!r} has another SHA-256")
                if not left:
                    padding = -row["size"] % 512
                    need(tar[place : place + padding] == bytes(padding), "E13", f"padding of {row['path']!r}")
                    place += padding
                    if row["type"] == "f":
                        need(content.digest() == next(next_file), "E12", f"content of {row['path']!r} has another SHA-256")
                    content = None
            need(place == len(tar), "I16", "tar bytes that no entry has")
        return at


def check_numbers(row, rule, modes, entry=False):
    owners, times = ("L9", "L10") if entry else (rule, rule)
    integer(row.get("mode"), rule, "mode", 0, modes, owners)
    for key in ("uid", "gid"):
        integer(row.get(key), rule, key, 0, 2**32 - 1, owners)
    integer(row.get("mtime"), rule, "mtime", -8_640_000_000_000, 8_640_000_000_000, times)
    integer(row.get("mtime_ns"), rule, "mtime_ns", 0, 999_999_999, times)


def inode(row):
    return tuple(row[key] for key in ("mode", "uid", "gid", "mtime", "mtime_ns"))


def layout(rows, raws):
    """I16: for each member whether it holds whole entries, and the rows in it."""
    cut, place, done = [], 0, None
    for raw in raws:
        if done is None:
            need(place < len(rows), "I16", "a member that no entry fills")
            row = rows[place]
            head = len(tar_header(row))
            if head + row["size"] + -row["size"] % 512 > raw:
                need(row["type"] == "f" and raw == head + PIECE, "I16", f"first piece of {row['path']!r}")
                cut.append((False, [row]))
                done = PIECE
                continue
            those, room = [], raw
            while room and place < len(rows):
                row = rows[place]
                room -= len(tar_header(row)) + row["size"] + -row["size"] % 512
                need(room >= 0, "I16", f"{row['path']!r} does not end with its member")
                those.append(row)
                place += 1
            need(not room, "I16", "tar bytes that no entry has")
            cut.append((True, those))
        else:
            row = rows[place]
            rest = row["size"] - done
            length = PIECE if rest > PIECE else rest + -rest % 512
            need(raw == length, "I16", f"a piece of {row['path']!r} has another length")
            cut.append((False, [row]))
            done += PIECE
            if done >= row["size"]:
                place, done = place + 1, None
    need(place == len(rows), "I16", "entries that no member holds")
    return cut


def main(words):
    if len(words) != 2 or words[0] not in ("check", "list"):
        sys.stderr.write("usage: reader.py check|list FILE\n")
        return 2
    try:
        with open(words[1], "rb") as file:
            snapshot = opened(file)
            snapshot.check((lambda row: print(json.dumps(row))) if words[0] == "list" else None)
    except (Broken, OSError) as error:
        sys.stderr.write(f"{words[1]}: {error}\n".encode("utf-8", "backslashreplace").decode())
        return 1
    for path, status in snapshot.statuses.items():
        if status in ("inconsistent", "unreadable"):
            sys.stderr.write(f"incomplete: {json.dumps(path)}: {status}\n")
    return 0


if __name__ == "__main__":
    # What foreign_reader.py imports is this module, and not a second one.
    sys.modules["reader"] = sys.modules[__name__]
    sys.exit(main(sys.argv[1:]))
