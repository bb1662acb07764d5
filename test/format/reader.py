#!/usr/bin/env python3
"""A reader of sealed snapshots, written from src/format/SNAPSHOT-FORMAT.md alone. Python 3.9 or later, no other package.

    reader.py check FILE   verifies every rule and digest; says nothing of a snapshot that is valid
    reader.py list FILE    the same, and a line of JSON for each entry

Status 0: valid. 1: not a valid sealed snapshot; the first rule that is broken goes to standard error. 2: wrong usage.
Rules are named as in the document (G4, T3). Memory does not grow with files or entries, but with hard links and statuses.
An archive without a seal ("from elsewhere") is not read here.
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


class Broken(Exception):
    """The snapshot breaks a rule."""


def need(true, rule, what):
    if not true:
        raise Broken(f"{rule}: {what}")


def sha256(data):
    return hashlib.sha256(data).digest()


def integer(value, rule, what, least=0, most=MOST):
    need(type(value) is int and least <= value <= most, rule, f"{what} is no integer from {least} to {most}")
    return value


def digest(value, rule, what):
    need(isinstance(value, str) and re.fullmatch("[0-9a-f]{64}", value), rule, f"{what} is no digest")
    return bytes.fromhex(value)


# JSON

# A string, closed or not, or a bracket.
TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)|[\[\]{}]', re.DOTALL)


def plain(text):
    """An integer, or a number that is compared by its text: (text,)."""
    return int(text) if text != "-0" and len(text) < 18 and abs(int(text)) < 2**53 else (text,)


def without_twins(pairs):
    made = dict(pairs)
    need(len(made) == len(pairs), "J2", "a key stands twice in an object")
    return made


def no_constant(text):
    raise ValueError(f"{text} is not JSON")


def parse(data, rule, what, deepest=32):
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise Broken(f"J1: {what} is not UTF-8") from None
    need(not text.startswith("\ufeff"), "J1", f"{what} has a byte order mark")
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
            parse_float=lambda number: (number,),
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
    need("\0" not in path, "E2", f"NUL in the path {path!r}")
    parts = path.split("/")
    need(not {"", ".", ".."} & set(parts), rule, f"not a path in the state directory: {path!r}")
    need(path != "manifest.json", "E3", "manifest.json is an entry or has a status")
    if longest:
        need(len(path.encode()) <= 4095, "L1", f"path too long: {path!r}")
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


def inflate(chunks, most, rule, what):
    """Raw deflate, whole, with nothing behind it, of at most so many bytes."""
    engine = zlib.decompressobj(-15)
    made, size = [], 0
    try:
        for chunk in chunks:
            need(not engine.eof, rule, f"bytes behind the deflate data of {what}")
            while chunk:
                part = engine.decompress(chunk, most - size + 1)
                size += len(part)
                need(size <= most, rule, f"{what} inflates to more than {most} bytes")
                made.append(part)
                chunk = engine.unconsumed_tail
        if not engine.eof:
            made.append(engine.flush())
    except zlib.error as error:
        raise Broken(f"{rule}: {what} does not inflate: {error}") from None
    need(engine.eof, rule, f"the deflate data of {what} has no end")
    need(not engine.unused_data, rule, f"bytes behind the deflate data of {what}")
    data = b"".join(made)
    need(len(data) <= most, rule, f"{what} inflates to more than {most} bytes")
    return data


def inflate_member(member, raw):
    check_frame(member, b"D")
    data = inflate([member[FRAMED:-8]], raw, "G5", "a member")
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


def padded(data):
    return data + bytes(-len(data) % 512)


# Manifests


def seconds_of(created_at):
    """M5: whole seconds since 1970 of an RFC 3339 time in UTC."""
    found = isinstance(created_at, str) and re.fullmatch(
        r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})(\.[0-9]+)?Z", created_at
    )
    need(found, "M5", "created_at is no time with seconds and Z")
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
    sections = manifest.get("sections")
    need(isinstance(sections, list), "M7", "sections are no list")
    need(len(sections) <= MOST_SECTIONS, "L8", "too many sections")
    names = set()
    for section in sections:
        name = section.get("name") if isinstance(section, dict) else None
        need(isinstance(name, str), "M7", "a section has no name")
        need("\\" not in name and ".." not in name, "M7", f"section {name!r}")
        check_path(name, "M7")
        need(name not in names, "M7", f"section {name!r} stands twice")
        names.add(name)
        integer(section.get("entry_count"), "M7", f"count of section {name!r}", least=1)
    need(type(manifest.get("snapshot_format")) is int and manifest["snapshot_format"] == 1, "M9", "snapshot_format")
    if in_index:
        need("index_sha256" not in manifest, "M12", "the manifest of the index header has index_sha256")
    else:
        need("index_sha256" in manifest, "M11", "index_sha256 missing")
        if manifest["index_sha256"] is not None:
            digest(manifest["index_sha256"], "M11", "index_sha256")
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
    piped = not in_index and manifest["index_sha256"] is None
    for key in ("files", "bytes"):
        need(key in manifest, "M10", f"{key} missing")
        if not (piped and manifest[key] is None):
            integer(manifest[key], "M10", key)
    return seconds


# The snapshot


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
        need(member[:17] == empty_member(b"S", bytes(97))[:17], "S1", "no seal at the end")
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
        data = inflate(self.index(at, self.root_length), LARGEST_JSON, "I1", "the index header")
        self.root = root = parse(data, "I1", "the index header", 33)
        need(type(root.get("format")) is int and root["format"] == 1, "I2", "format of the index is not 1")
        features = root.get("requires")
        need(isinstance(features, list), "I3", "requires is no list")
        for feature in features:
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
        tar = inflate([member[FRAMED:-8]], MIB, "G5", "the first member")
        need(member == stored_member(b"M", tar), "G7", "the first member is not made of stored blocks, or its CRC-32 is wrong")
        need(len(tar) > 512 and len(tar) % 512 == 0, "M3", "the manifest's size is no multiple of 512")
        manifest = parse(tar[512:], "M1", "the manifest")
        seconds = check_manifest(manifest, in_index=False)
        row = {"path": "manifest.json", "type": "f", "mode": 0o644, "uid": 0, "gid": 0, "link": ""}
        expected = tar_header({**row, "mtime": seconds, "size": len(tar) - 512})
        need(tar[:512] == expected, "M2", "the header of the manifest is not made of its row")
        sealed = manifest.pop("index_sha256")
        if sealed is not None:
            need(bytes.fromhex(sealed) == self.root_sha256, "M11", "index_sha256 is that of another index header")
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
        columns = parse(inflate(self.index(at + 4, packed), LARGEST_JSON, "I1", what), "I1", what)
        return columns, b"".join(self.index(at + 4 + packed, length - 4 - packed))

    def blocks(self):
        """Every block: rows, members, digests; I6 to I15."""
        at, last = 0, None
        for page in self.root["pages"]:
            need(isinstance(page, dict), "I8", "a page is no object")
            for key in ("entries", "block_bytes", "length", "stored", "raw"):
                integer(page.get(key), "I14", f"{key} of a page")
            integer(page.get("blocks"), "L5", "blocks of a page", 1, MOST_BLOCKS)
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
                    integer(value, "L4", f"{key} of a block", 1, most)
            for key in ("length", "stored", "raw"):
                for value in columns[key]:
                    integer(value, "I14", f"{key} of a block")
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
        for key in (*numbers, "stored", "raw"):
            column = columns.get(key)
            need(isinstance(column, list), "I13", f"column {key} of a block")
            need(len(column) == numbers.get(key, len(columns["stored"])), "I13", f"length of the column {key}")
        members = list(zip(columns["stored"], columns["raw"]))
        need(types and members, "I13", "a block without entries or members")
        for packed, raw in members:
            integer(raw, "L3", "tar bytes of a member", 512, LARGEST_MEMBER)
            integer(packed, "L3", "length of a member", FRAMED + 8, LARGEST_MEMBER + 65_536)
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
            row["size"] = integer(next(sizes), "I14", "size") if kind == "f" else 0
            row["link"] = next(links) if kind in "lh" else ""
            check_path(row["path"])
            check_numbers(row, "I14", 0o7777)
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
                need(last != place, "E5", f"{path!r} stands twice")
                need(last is None or last < place, "E4", f"{path!r} is out of order")
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
                    need(target == inode(row), "E10", f"{path!r} has not what its file has")
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
        need(self.bytes_at(at, len(end)) == end, "G8", "the end of the tar is not as it must be")
        for name, count in counts.items():
            need(said.get(name, 0) == count, "M8", f"section {name!r} has {count} entries, not {said.get(name, 0)}")
        for key in ("files", "bytes"):
            need(self.root["manifest"][key] == totals[key], "M10", f"{key} of the manifest, not {totals[key]}")

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
                    need(tar[place : place + len(head)] == head, "T9", f"header of {row['path']!r} is not made of its row")
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


def check_numbers(row, rule, modes):
    integer(row.get("mode"), rule, "mode", 0, modes)
    for key in ("uid", "gid"):
        integer(row.get(key), rule, key, 0, 2**32 - 1)
    integer(row.get("mtime"), rule, "mtime", -8_640_000_000_000, 8_640_000_000_000)
    integer(row.get("mtime_ns"), rule, "mtime_ns", 0, 999_999_999)


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
            snapshot = Snapshot(file)
            snapshot.check((lambda row: print(json.dumps(row))) if words[0] == "list" else None)
    except (Broken, OSError) as error:
        sys.stderr.write(f"{words[1]}: {error}\n".encode("utf-8", "backslashreplace").decode())
        return 1
    for path, status in snapshot.statuses.items():
        if status in ("inconsistent", "unreadable"):
            sys.stderr.write(f"incomplete: {json.dumps(path)}: {status}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
