#!/usr/bin/env python3
"""Lists and checks snapshots of oxios-backup. Written from src/format/SNAPSHOT-FORMAT.md alone; standard library only.

    reader.py list SNAPSHOT       one line of JSON an entry
    reader.py manifest SNAPSHOT   the manifest that counts
    reader.py check SNAPSHOT      everything that "What a reader checks" says; one line a problem, exit status 1
"""

import hashlib
import json
import os
import re
import struct
import sys
import zlib

BLOCK = 512
MIB = 1 << 20
SEAL_MEMBER = 124
# Of a root or a block, inflated: our own limit, the format has none.
SANE = 1 << 28
GZIP_HEADER = bytes.fromhex('1f8b08040000000000ff')
CATEGORIES = ['seeds', 'evals', 'memory/conversations', 'memory/sessions', 'memory/facts', 'memory/episodes',
              'memory/knowledge', 'sessions', 'agent_groups']
VERDICTS = {'retried': True, 'trimmed': True, 'changed': True, 'vanished': False, 'unreadable': False}


class Invalid(Exception):
    """Says what is wrong, and stops at the layer where nothing further can be believed."""


def need(condition, what):
    if not condition:
        raise Invalid(what)


def is_count(value):
    return type(value) is int and value >= 0


def inflate(data, what, limit):
    """Raw deflate, all of it and nothing behind."""
    try:
        engine = zlib.decompressobj(-15)
        out = engine.decompress(data, limit + 1)
        need(len(out) <= limit, f'{what}: inflates to more than {limit} bytes')
        out += engine.flush()
    except zlib.error as error:
        raise Invalid(f'{what}: {error}') from None
    need(engine.eof, f'{what}: the deflate data has no end')
    need(engine.unused_data == b'' and engine.unconsumed_tail == b'', f'{what}: bytes behind the deflate data')
    return out


def parse_json(data, what):
    def no_constant(name):
        raise ValueError(f'{name} is no JSON')

    def once(pairs):
        keys = [key for key, _ in pairs]
        if len(set(keys)) != len(keys):
            raise ValueError('a key stands twice')
        return dict(pairs)

    try:
        value = json.loads(data.decode('utf-8'), parse_constant=no_constant, object_pairs_hook=once)
    except (ValueError, RecursionError) as error:
        raise Invalid(f'{what}: {error}') from None
    need(isinstance(value, dict), f'{what}: not an object')
    return value


# --- members -------------------------------------------------------------------------------------------------------


def open_member(data, kind, what):
    """The payload behind the kind, and the deflate data, of one whole member."""
    need(len(data) >= 17 + 8 and data[:10] == GZIP_HEADER, f'{what}: not a member')
    xlen, tag, length = struct.unpack_from('<H2sH', data, 10)
    need(xlen == 4 + length and tag == b'OX', f'{what}: extra field is not ours')
    need(length >= 1 and len(data) >= 16 + length + 8, f'{what}: extra field longer than the member')
    need(data[16:17] == kind, f'{what}: of kind {data[16:17]!r}, should be {kind!r}')
    payload = data[17:16 + length]
    if kind in b'MDE':
        need(length == 5, f'{what}: extra field of {length} bytes')
        need(struct.unpack('<I', payload)[0] == len(data), f'{what}: gives another length than it has')
    return payload, data[16 + length:-8]


def check_trailer(data, raw, what):
    crc, isize = struct.unpack('<II', data[-8:])
    need(crc == zlib.crc32(raw), f'{what}: CRC-32 does not hold')
    need(isize == len(raw) & 0xFFFFFFFF, f'{what}: ISIZE does not hold')


def unstore(deflate, what):
    """Stored blocks, all but the last of 65,535 bytes."""
    parts, at, last = [], 0, False
    while not last:
        need(len(deflate) >= at + 5 and deflate[at] in (0, 1), f'{what}: not stored blocks')
        last = deflate[at] == 1
        length, complement = struct.unpack_from('<HH', deflate, at + 1)
        need(length ^ complement == 0xFFFF and (last or length == 0xFFFF), f'{what}: stored block of a wrong length')
        parts.append(deflate[at + 5:at + 5 + length])
        at += 5 + length
    need(at == len(deflate), f'{what}: stored blocks of a wrong length')
    return b''.join(parts)


# --- tar -----------------------------------------------------------------------------------------------------------


def octal(field, what):
    digits = field.rstrip(b' \0')
    need(re.fullmatch(rb'[0-7]+', digits), f'{what} is not octal: {field!r}')
    return int(digits, 8)


def text(field, what):
    name, _, rest = field.partition(b'\0')
    need(not rest.strip(b'\0'), f'{what} goes on behind its NUL')
    return name


def utf8(name, what):
    try:
        return name.decode('utf-8')
    except UnicodeDecodeError:
        raise Invalid(f'{what} is not UTF-8') from None


def parse_header(block, what):
    need(len(block) == BLOCK, f'{what}: header is cut')
    need(octal(block[148:156], f'{what}: checksum') == sum(block) - sum(block[148:156]) + 8 * 32, f'{what}: checksum')
    need(block[257:265] == b'ustar\x0000', f'{what}: not a ustar header')
    prefix, name = text(block[345:500], f'{what}: prefix'), text(block[0:100], f'{what}: name')
    return {
        # Bytes as yet: what a pax record replaces may be cut in the middle of a character.
        'path': prefix + b'/' + name if prefix else name,
        'mode': octal(block[100:108], f'{what}: mode'),
        'uid': octal(block[108:116], f'{what}: uid'),
        'gid': octal(block[116:124], f'{what}: gid'),
        'size': octal(block[124:136], f'{what}: size'),
        'mtime': octal(block[136:148], f'{what}: mtime'),
        'type': block[156:157].decode('latin-1'),
        'linkpath': text(block[157:257], f'{what}: link'),
        'names': text(block[265:297], f'{what}: uname') + text(block[297:329], f'{what}: gname'),
    }


def parse_pax(data, what):
    records = {}
    while data:
        match = re.match(rb'([1-9][0-9]{0,9}) ([^=\n]+)=', data)
        need(match is not None, f'{what}: pax record')
        length = int(match[1])
        need(match.end() < length <= len(data) and data[length - 1:length] == b'\n', f'{what}: length of a pax record')
        key, value = match[2].decode('utf-8', 'replace'), data[match.end():length - 1]
        need(key in ('path', 'linkpath', 'size', 'uid', 'gid', 'mtime'), f'{what}: pax record {key}')
        need(key not in records, f'{what}: pax record {key} twice')
        if key in ('path', 'linkpath'):
            need(b'\0' not in value, f'{what}: pax {key} holds a NUL')
            records[key] = value
        else:
            need(re.fullmatch(rb'-?[0-9]{1,20}' if key == 'mtime' else rb'[0-9]{1,20}', value), f'{what}: pax {key}')
            records[key] = int(value)
        data = data[length:]
    return records


def parse_headers(blocks, what):
    """The header of an entry: a ustar header, or a pax header and a ustar header."""
    header = parse_header(blocks[:BLOCK], what)
    if header['type'] != 'x':
        need(len(blocks) == BLOCK, f'{what}: {len(blocks) // BLOCK} header blocks, but no pax header')
        return decode_names(header, what)
    end = BLOCK + header['size']
    padded = -(-end // BLOCK) * BLOCK
    need(padded + BLOCK == len(blocks), f'{what}: pax header of another length than the index says')
    need(not blocks[end:padded].strip(b'\0'), f'{what}: padding of the pax header is not zero')
    records = parse_pax(blocks[BLOCK:end], what)
    header = parse_header(blocks[padded:], what)
    need(header['type'] != 'x', f'{what}: two pax headers')
    header.update(records)
    return decode_names(header, what)


def decode_names(header, what):
    for key in ('path', 'linkpath'):
        header[key] = utf8(header[key], f'{what}: {key}')
    return header


# --- manifest ------------------------------------------------------------------------------------------------------


def check_manifest(manifest, what):
    need(manifest.get('version') == 1 and type(manifest['version']) is int, f'{what}: version')
    need(manifest.get('snapshot_format') == 1, f'{what}: snapshot_format')
    created = manifest.get('created_at')
    need(isinstance(created, str) and re.fullmatch(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)', created),
         f'{what}: created_at')
    need(isinstance(manifest.get('oxios_version'), str), f'{what}: oxios_version')
    sections = manifest.get('sections')
    need(isinstance(sections, list), f'{what}: sections')
    for section in sections:
        need(isinstance(section, dict) and section.get('name') in CATEGORIES and is_count(section.get('entry_count')),
             f'{what}: section {section!r}')
    order = [CATEGORIES.index(section['name']) for section in sections]
    need(order == sorted(set(order)), f'{what}: order of the sections')
    need(isinstance(manifest.get('excludes'), list), f'{what}: excludes')
    need(isinstance(manifest.get('source'), dict), f'{what}: source')
    need('tool' in manifest, f'{what}: tool')
    for field in ('files', 'bytes'):
        need(manifest.get(field) is None or is_count(manifest[field]), f'{what}: {field}')


# --- the snapshot --------------------------------------------------------------------------------------------------


class Snapshot:
    def __init__(self, path):
        self.file = open(path, 'rb')
        self.size = os.fstat(self.file.fileno()).st_size
        self.read_seal()
        self.read_manifest()
        self.read_root()

    def read(self, offset, length, what):
        need(offset >= 0 and length >= 0 and offset + length <= self.size, f'{what}: lies outside the file')
        self.file.seek(offset)
        return self.file.read(length)

    def read_seal(self):
        need(self.size > SEAL_MEMBER, 'seal: the file is too short for one')
        member = self.read(self.size - SEAL_MEMBER, SEAL_MEMBER, 'seal')
        seal, deflate = open_member(member, b'S', 'seal')
        need(len(seal) == 97, 'seal: of another length')
        need(deflate == b'\x03\x00' and member[-8:] == bytes(8), 'seal: not an empty member')
        version, length, self.index_at, self.index_length, self.root_length, self.root_digest, self.manifest_digest = \
            struct.unpack('<BQQQQ32s32s', seal)
        need(version == 1, f'seal: format version {version}')
        need(length == self.size, f'seal: the snapshot should have {length} bytes, it has {self.size}')
        need(self.root_length <= self.index_length, 'seal: root longer than the index')
        pieces = max(1, -(-self.index_length // 8000))
        need(self.index_at + self.index_length + pieces * 27 == self.size - SEAL_MEMBER, 'seal: the index is elsewhere')

    def read_index(self, offset, length):
        """Bytes of the index, out of the I members that carry them."""
        out = b''
        for piece in range(offset // 8000, -(-(offset + length) // 8000)):
            start, what = piece * 8000, f'index piece {piece}'
            size = min(8000, self.index_length - start)
            member = self.read(self.index_at + piece * 8027, size + 27, what)
            payload, deflate = open_member(member, b'I', what)
            need(len(payload) == size, f'{what}: carries {len(payload)} bytes')
            need(deflate == b'\x03\x00' and member[-8:] == bytes(8), f'{what}: not an empty member')
            out += payload[max(0, offset - start):offset + length - start]
        return out

    def read_manifest(self):
        head = self.read(0, 21, 'manifest')
        need(head[:10] == GZIP_HEADER and head[16:17] == b'M', 'manifest: the file does not begin with an M member')
        self.manifest_end = struct.unpack_from('<I', head, 17)[0]
        member = self.read(0, self.manifest_end, 'manifest')
        need(hashlib.sha256(member).digest() == self.manifest_digest, 'manifest: not the digest of the seal')
        _, deflate = open_member(member, b'M', 'manifest')
        tar = unstore(deflate, 'manifest')
        check_trailer(member, tar, 'manifest')
        header = parse_header(tar[:BLOCK], 'manifest')
        need(header['path'] == b'manifest.json' and header['type'] == '0', 'manifest: another entry stands first')
        need(header['size'] % BLOCK == 0 and header['size'] == len(tar) - BLOCK, 'manifest: size')
        self.first_manifest = parse_json(tar[BLOCK:], 'manifest')
        check_manifest(self.first_manifest, 'manifest')

    def read_root(self):
        stored = self.read_index(self.index_length - self.root_length, self.root_length)
        need(hashlib.sha256(stored).digest() == self.root_digest, 'root: not the digest of the seal')
        self.root = parse_json(inflate(stored, 'root', SANE), 'root')
        need(self.root.get('format') == 1, 'root: format')
        self.manifest = self.root.get('manifest')
        need(isinstance(self.manifest, dict) and 'index_sha256' not in self.manifest, 'root: manifest')
        check_manifest(self.manifest, "root's manifest")
        digest = self.first_manifest.get('index_sha256')
        need('index_sha256' in self.first_manifest, 'manifest: index_sha256')
        if digest is not None:
            need(digest == self.root_digest.hex(), 'manifest: index_sha256 is not the digest of the root')
            same = {**self.first_manifest}
            del same['index_sha256']
            need(same == self.manifest, 'manifest: not that of the root')
        blocks = self.root.get('blocks')
        need(isinstance(blocks, list), 'root: blocks')
        at = self.manifest_end
        for number, block in enumerate(blocks):
            need(isinstance(block, dict) and all(
                is_count(block.get(key)) for key in ('entries', 'members', 'length', 'offset', 'stored', 'raw')),
                f'block {number}: a field is no number')
            need(block['offset'] == at, f'block {number}: a gap before its members')
            at += block['stored']
        need(self.index_at - at == 21 + 5 + 1024 + 8, 'root: the members do not fill the file')
        self.end_at = at
        need(sum(block['length'] for block in blocks) + self.root_length == self.index_length,
             'root: blocks and root are not the index')

    def blocks(self):
        """Number, description, columns and digests of each block."""
        at = 0
        for number, block in enumerate(self.root['blocks']):
            what = f'block {number}'
            data = self.read_index(at, block['length'])
            at += block['length']
            need(hashlib.sha256(data).hexdigest() == block.get('sha256'), f'{what}: not the digest of the root')
            need(len(data) >= 4, f'{what}: too short')
            length = struct.unpack_from('<I', data)[0]
            columns = parse_json(inflate(data[4:4 + length], what, SANE), what)
            digests = data[4 + length:]
            yield number, block, columns, digests

    def entries(self, block, columns, digests, what):
        count = block['entries']
        types = columns.get('type')
        need(isinstance(types, str) and len(types) == count and set(types) <= set('fdlh'), f'{what}: type')
        files = types.count('f')
        lengths = dict(path=count, mode=count, uid=count, gid=count, mtime=count, mtime_ns=count, header=count,
                       size=files, link=types.count('l') + types.count('h'),
                       stored=block['members'], raw=block['members'])
        for name, length in lengths.items():
            column = columns.get(name)
            need(isinstance(column, list) and len(column) == length, f'{what}: column {name} has a wrong length')
            if name in ('path', 'link'):
                need(all(isinstance(value, str) for value in column), f'{what}: column {name}')
            elif name == 'mtime':
                need(all(type(value) is int for value in column), f'{what}: column {name}')
            else:
                need(all(is_count(value) for value in column), f'{what}: column {name}')
        need(len(digests) == 32 * files, f'{what}: digests')
        sizes, links = iter(columns['size']), iter(columns['link'])
        hashes = (digests[at:at + 32].hex() for at in range(0, len(digests), 32))
        for at in range(count):
            entry = {key: columns[key][at] for key in ('path', 'mode', 'uid', 'gid', 'mtime', 'mtime_ns', 'header')}
            entry['type'] = types[at]
            if types[at] == 'f':
                entry['size'], entry['sha256'] = next(sizes), next(hashes)
            elif types[at] in 'lh':
                entry['link'] = next(links)
            yield entry


class Check:
    """Goes through a snapshot whose root is believed, and gathers what is wrong."""

    def __init__(self, snapshot):
        self.snapshot = snapshot
        self.problems = []
        self.last = None
        self.seen = {}
        self.sections = dict.fromkeys(CATEGORIES, 0)
        self.totals = dict.fromkeys(('entries', 'files', 'directories', 'symlinks', 'hard_links', 'bytes', 'tar_bytes'), 0)

    def run(self):
        self.attempt(self.check_end)
        blocks = self.snapshot.blocks()
        while True:
            try:
                number, block, columns, digests = next(blocks)
            except StopIteration:
                break
            except Invalid as problem:
                self.problems.append(str(problem))
                return self.problems
            self.attempt(self.check_block, number, block, columns, digests)
        self.attempt(self.check_totals)
        return self.problems

    def attempt(self, step, *arguments):
        try:
            step(*arguments)
        except Invalid as problem:
            self.problems.append(str(problem))

    def check_end(self):
        member = self.snapshot.read(self.snapshot.end_at, 21 + 5 + 1024 + 8, 'end')
        _, deflate = open_member(member, b'E', 'end')
        tar = unstore(deflate, 'end')
        check_trailer(member, tar, 'end')
        need(tar == bytes(1024), 'end: not two zero blocks')

    def check_block(self, number, block, columns, digests):
        what = f'block {number}'
        entries = list(self.snapshot.entries(block, columns, digests, what))
        need(entries, f'{what}: holds no entry')
        need(entries[0]['path'] == block.get('first'), f'{what}: first')
        need(sum(columns['stored']) == block['stored'] and sum(columns['raw']) == block['raw'], f'{what}: lengths of members')
        self.totals['tar_bytes'] += block['raw']
        extent, starts, inside = 0, {0}, []
        for entry in entries:
            self.attempt(self.check_entry, entry)
            extent += BLOCK * entry['header'] + -(-entry.get('size', 0) // BLOCK) * BLOCK
            starts.add(extent)
            if entry.get('size', 0) > MIB:
                inside.append((extent - -(-entry['size'] // BLOCK) * BLOCK, extent))
        need(extent == block['raw'], f'{what}: the entries do not fill the members')
        at = 0
        for raw in columns['raw']:
            need(raw > 0, f'{what}: an empty member')
            need(at in starts or any(low < at < high for low, high in inside), f'{what}: a member begins within an entry')
            at += raw
        # Content is checked from one member to the next, so that no more than two are held.
        members = self.members(block, columns, what)
        pending = b''
        for entry in entries:
            name = repr(entry['path'])
            while len(pending) < BLOCK * entry['header']:
                pending += next(members)
            headers, pending = pending[:BLOCK * entry['header']], pending[BLOCK * entry['header']:]
            self.attempt(self.check_headers, entry, headers, name)
            left, digest = entry.get('size', 0), hashlib.sha256()
            padding = -left % BLOCK
            while left > 0:
                pending = pending or next(members)
                digest.update(pending[:left])
                taken = min(left, len(pending))
                left, pending = left - taken, pending[taken:]
            if entry['type'] == 'f' and digest.hexdigest() != entry['sha256']:
                self.problems.append(f'{name}: content has not the digest of the index')
            if padding:
                if pending[:padding].strip(b'\0'):
                    self.problems.append(f'{name}: padding is not zero')
                pending = pending[padding:]

    def members(self, block, columns, what):
        at = block['offset']
        for number, (stored, raw) in enumerate(zip(columns['stored'], columns['raw'])):
            name = f'{what}, member {number} at {at}'
            member = self.snapshot.read(at, stored, name)
            _, deflate = open_member(member, b'D', name)
            data = inflate(deflate, name, raw)
            need(len(data) == raw, f'{name}: inflates to {len(data)} bytes, should be {raw}')
            check_trailer(member, data, name)
            yield data
            at += stored

    def check_entry(self, entry):
        path, kind = entry['path'], entry['type']
        name = repr(path)
        self.totals['entries'] += 1
        self.totals[{'f': 'files', 'd': 'directories', 'l': 'symlinks', 'h': 'hard_links'}[kind]] += 1
        self.totals['bytes'] += entry.get('size', 0)
        parent, _, base = path.rpartition('/')
        stem, dot, extension = base.rpartition('.')
        if parent in self.sections and dot and stem and extension in ('md', 'json'):
            self.sections[parent] += 1
        try:
            # Python's JSON lets lone surrogates through.
            key = path.encode('utf-8').replace(b'/', b'\0')
        except UnicodeEncodeError:
            raise Invalid(f'{name}: not UTF-8') from None
        need('\0' not in path and not {'', '.', '..'} & set(path.split('/')), f'{name}: not a path')
        need(path != 'manifest.json', f'{name}: belongs to the snapshot')
        need(self.last is None or self.last < key, f'{name}: out of order, or twice')
        self.last = key
        need(parent == '' or self.seen.get(parent) == 'd', f'{name}: not below a directory')
        self.seen[path] = kind
        if kind == 'l':
            need(entry['link'] != '' and '\0' not in entry['link'], f'{name}: link')
        if kind == 'h':
            need(self.seen.get(entry['link']) == 'f', f'{name}: hard link to what is no file before it')
        need(entry['mode'] <= 0o7777 and not entry['mode'] & 0o4000, f'{name}: mode')
        need(kind == 'd' or not entry['mode'] & 0o2000, f'{name}: mode')
        need(entry['mtime_ns'] <= 999_999_999, f'{name}: mtime_ns')
        need(entry['header'] >= 1, f'{name}: header')

    def check_headers(self, entry, blocks, name):
        header = parse_headers(blocks, name)
        need({'f': '0', 'h': '1', 'l': '2', 'd': '5'}[entry['type']] == header['type'], f'{name}: type in the tar')
        need(header['path'] == entry['path'] + ('/' if entry['type'] == 'd' else ''), f'{name}: path in the tar')
        need(header['linkpath'] == entry.get('link', ''), f'{name}: link in the tar')
        need(header['size'] == entry.get('size', 0), f'{name}: size in the tar')
        for field in ('mode', 'uid', 'gid', 'mtime'):
            need(header[field] == entry[field], f'{name}: {field} in the tar')
        need(header['names'] == b'', f'{name}: uname or gname in the tar')

    def check_totals(self):
        root, manifest = self.snapshot.root, self.snapshot.manifest
        for key, count in self.totals.items():
            need(isinstance(root.get('totals'), dict) and root['totals'].get(key) == count,
                 f'totals: {key} should be {count}')
        for field, key in (('files', 'files'), ('bytes', 'bytes')):
            need(manifest[field] in (None, self.totals[key]), f'manifest: {field} should be {self.totals[key]}')
        counts = {section['name']: section['entry_count'] for section in manifest['sections']}
        for name, count in self.sections.items():
            need(counts.get(name, 0) == count, f'manifest: section {name} should count {count}')
        top = root.get('top')
        need(isinstance(top, dict) and {'mode', 'uid', 'gid', 'mtime', 'mtime_ns'} <= set(top), 'root: top')
        need(isinstance(root.get('verdicts'), list), 'root: verdicts')
        for verdict in root['verdicts']:
            need(isinstance(verdict, dict), 'root: verdicts')
            kind = verdict.get('verdict')
            need(isinstance(kind, str) and kind in VERDICTS, f'verdicts: {kind!r}')
            if VERDICTS[kind]:
                need(verdict.get('path') in self.seen, f'verdicts: {verdict.get("path")!r} is not in the snapshot')


def main(command, path):
    try:
        snapshot = Snapshot(path)
        if command == 'manifest':
            print(json.dumps(snapshot.manifest, ensure_ascii=False, indent=2))
        elif command == 'list':
            for number, block, columns, digests in snapshot.blocks():
                for entry in snapshot.entries(block, columns, digests, f'block {number}'):
                    print(json.dumps(entry, ensure_ascii=False))
        elif command == 'check':
            problems = Check(snapshot).run()
            for problem in problems:
                print(problem)
            return 1 if problems else 0
        else:
            print(__doc__, file=sys.stderr)
            return 2
    except Invalid as problem:
        print(problem)
        return 1
    return 0


if __name__ == '__main__':
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        sys.exit(2)
    sys.stdout.reconfigure(encoding='utf-8', errors='backslashreplace')
    sys.exit(main(sys.argv[1], sys.argv[2]))
