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
from datetime import datetime

BLOCK = 512
MIB = 1 << 20
SEAL_MEMBER = 124
# Of the index header, a page or a block, inflated.
SANE = 1 << 26
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


def octal(value, length):
    digits = f'{value:0{length - 2}o}'
    return (digits + ' \0' if len(digits) == length - 2 else digits + '\0').encode()


def beginning(name):
    """As many whole characters as 100 bytes hold."""
    return name[:100].decode('utf-8', 'ignore').encode()


def split_name(name):
    """Name and prefix; None where they cannot hold it."""
    if len(name) <= 100:
        return name, b''
    at = name[:-1].rfind(b'/', 0, 156)
    if at > 0 and len(name) - at - 1 <= 100:
        return name[at + 1:], name[:at]
    return None


def ustar(name, prefix, flag, mode, uid, gid, size, mtime, link=b''):
    fields = (name.ljust(100, b'\0') + octal(mode, 8) + octal(uid, 8) + octal(gid, 8) + octal(size, 12)
              + octal(mtime, 12) + b' ' * 8 + flag + link.ljust(100, b'\0') + b'ustar\x0000' + bytes(64)
              + octal(0, 8) + octal(0, 8) + prefix.ljust(155, b'\0')).ljust(BLOCK, b'\0')
    return fields[:148] + octal(sum(fields), 8) + fields[156:]


def pax_record(key, value):
    rest = len(key) + len(value) + 3
    length = rest + 1
    while length < rest + len(str(length)):
        length += 1
    return f'{length} {key}='.encode() + value + b'\n'


def make_headers(entry):
    """The header blocks that a row of the index makes."""
    name = (entry['path'] + ('/' if entry['type'] == 'd' else '')).encode('utf-8', 'surrogatepass')
    link = entry.get('link', '').encode('utf-8', 'surrogatepass')
    numbers = {key: entry.get(key, 0) for key in ('size', 'uid', 'gid', 'mtime')}
    records = b''
    split = split_name(name)
    if split is None:
        records += pax_record('path', name)
        split = beginning(name), b''
    if len(link) > 100:
        records += pax_record('linkpath', link)
        link = beginning(link)
    for key, bound in (('size', 8 ** 11), ('uid', 8 ** 7), ('gid', 8 ** 7), ('mtime', 8 ** 11)):
        if not 0 <= numbers[key] < bound:
            records += pax_record(key, str(numbers[key]).encode())
            numbers[key] = 0
    flag = {'f': b'0', 'h': b'1', 'l': b'2', 'd': b'5'}[entry['type']]
    header = ustar(*split, flag, entry['mode'], numbers['uid'], numbers['gid'], numbers['size'], numbers['mtime'], link)
    if records:
        pax = ustar(b'PaxHeader', b'', b'x', 0o644, 0, 0, len(records), 0)
        return pax + records + bytes(-len(records) % BLOCK) + header
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
        self.read_header()

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
        need(len(tar) % BLOCK == 0, 'manifest: size')
        self.first_manifest = parse_json(tar[BLOCK:], 'manifest')
        check_manifest(self.first_manifest, 'manifest')
        created = datetime.strptime(self.first_manifest['created_at'][:19] + '+0000', '%Y-%m-%dT%H:%M:%S%z')
        row = dict(type='f', path='manifest.json', mode=0o644, uid=0, gid=0, mtime=int(created.timestamp()),
                   size=len(tar) - BLOCK)
        need(tar[:BLOCK] == make_headers(row), 'manifest: its header is another')

    def read_header(self):
        stored = self.read_index(self.index_length - self.root_length, self.root_length)
        need(hashlib.sha256(stored).digest() == self.root_digest, 'header: not the digest of the seal')
        self.header = parse_json(inflate(stored, 'header', SANE), 'header')
        need(self.header.get('requires') == [], 'header: requires what this reader does not know')
        need(self.header.get('format') == 1, 'header: format')
        self.manifest = self.header.get('manifest')
        need(isinstance(self.manifest, dict) and 'index_sha256' not in self.manifest, 'header: manifest')
        check_manifest(self.manifest, "header's manifest")
        need(is_count(self.manifest['files']) and is_count(self.manifest['bytes']), "header's manifest: files, bytes")
        need('index_sha256' in self.first_manifest, 'manifest: index_sha256')
        digest = self.first_manifest['index_sha256']
        if digest is not None:
            need(digest == self.root_digest.hex(), 'manifest: index_sha256 is not the digest of the header')
            same = {**self.first_manifest}
            del same['index_sha256']
            need(same == self.manifest, 'manifest: not that of the header')
        pages = self.header.get('pages')
        need(isinstance(pages, list), 'header: pages')
        at, index_at = self.manifest_end, 0
        for number, page in enumerate(pages):
            need(isinstance(page, dict) and all(
                is_count(page.get(key)) for key in ('blocks', 'entries', 'block_bytes', 'length', 'stored', 'raw')),
                f'page {number}: a field is no number')
            need(1 <= page['blocks'] <= 4096, f'page {number}: blocks')
            at += page['stored']
            index_at += page['block_bytes'] + page['length']
        need(self.index_at - at == 21 + 5 + 1024 + 8, 'header: the members do not fill the file')
        self.end_at = at
        need(index_at + self.root_length == self.index_length, 'header: pages and header are not the index')

    def columns(self, data, what):
        """Columns and digests of a block or a page."""
        need(len(data) >= 4, f'{what}: too short')
        length = struct.unpack_from('<I', data)[0]
        need(4 + length <= len(data), f'{what}: too short')
        return parse_json(inflate(data[4:4 + length], what, SANE), what), data[4 + length:]

    def page_rows(self):
        """What the pages say of each block, and where it stands in the index and its members in the file."""
        at, offset = 0, self.manifest_end
        for number, page in enumerate(self.header['pages']):
            what = f'page {number}'
            data = self.read_index(at + page['block_bytes'], page['length'])
            need(hashlib.sha256(data).hexdigest() == page.get('sha256'), f'{what}: not the digest of the header')
            columns, digests = self.columns(data, what)
            for name in ('first', 'entries', 'members', 'length', 'stored', 'raw'):
                column = columns.get(name)
                need(isinstance(column, list) and len(column) == page['blocks'], f'{what}: column {name}')
                need(all(isinstance(value, str) if name == 'first' else is_count(value) for value in column),
                     f'{what}: column {name}')
            need(len(digests) == 32 * page['blocks'], f'{what}: digests')
            need(columns['first'][0] == page.get('first'), f'{what}: first')
            for name, total in (('entries', 'entries'), ('length', 'block_bytes'), ('stored', 'stored'), ('raw', 'raw')):
                need(sum(columns[name]) == page[total], f'{what}: {total}')
            for i in range(page['blocks']):
                row = {name: columns[name][i] for name in ('first', 'entries', 'members', 'length', 'stored', 'raw')}
                yield {**row, 'sha256': digests[32 * i:32 * i + 32].hex(), 'at': at, 'offset': offset}
                at += row['length']
                offset += row['stored']
            at += page['length']

    def blocks(self):
        """Number, description, columns and digests of each block."""
        for number, block in enumerate(self.page_rows()):
            what = f'block {number}'
            data = self.read_index(block['at'], block['length'])
            need(hashlib.sha256(data).hexdigest() == block['sha256'], f'{what}: not the digest of its page')
            columns, digests = self.columns(data, what)
            yield number, block, columns, digests

    def entries(self, block, columns, digests, what):
        count = block['entries']
        types = columns.get('type')
        need(isinstance(types, str) and len(types) == count and set(types) <= set('fdlh'), f'{what}: type')
        files = types.count('f')
        lengths = dict(path=count, mode=count, uid=count, gid=count, mtime=count, mtime_ns=count,
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
        need(len(digests) >= 32 * (files + block['members']), f'{what}: digests')
        sizes, links = iter(columns['size']), iter(columns['link'])
        hashes = (digests[at:at + 32].hex() for at in range(0, 32 * files, 32))
        for at in range(count):
            entry = {key: columns[key][at] for key in ('path', 'mode', 'uid', 'gid', 'mtime', 'mtime_ns')}
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
        for entry in entries:
            self.attempt(self.check_entry, entry)
        need(entries, f'{what}: holds no entry')
        need(entries[0]['path'] == block.get('first'), f'{what}: first')
        need(sum(columns['stored']) == block['stored'] and sum(columns['raw']) == block['raw'], f'{what}: lengths of members')
        self.totals['tar_bytes'] += block['raw']
        pieces = self.lay_out(entries, columns['raw'], what)
        files = columns['type'].count('f')
        stored = digests[32 * files:32 * (files + block['members'])]
        piece_digests = digests[32 * (files + block['members']):]
        need(len(piece_digests) == 32 * sum(piece is not None for piece in pieces), f'{what}: digests of pieces')
        wanted, at = [], 0
        for number, piece in enumerate(pieces):
            digest = None
            if piece is not None:
                digest, at = piece_digests[at:at + 32], at + 32
            wanted.append((stored[32 * number:32 * number + 32], piece, digest))
        # Content is checked from one member to the next, so that no more than two are held.
        members = self.members(block, columns, wanted, what)
        pending = b''
        for entry in entries:
            name = repr(entry['path'])
            expected = make_headers(entry)
            while len(pending) < len(expected):
                pending += next(members)
            headers, pending = pending[:len(expected)], pending[len(expected):]
            if headers != expected:
                self.problems.append(f'{name}: the tar header is not what the index makes')
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

    def lay_out(self, entries, raws, what):
        """For each member the content of a large file in it, from and to, or None where it holds whole entries."""
        queue, pieces = iter(entries), []
        content = padding = 0
        for number, raw in enumerate(raws):
            name = f'{what}, member {number}'
            need(raw > 0, f'{name}: empty')
            if content:
                taken = min(MIB, content)
                content -= taken
                need(raw == taken + (0 if content else padding), f'{name}: a piece of a wrong length')
                pieces.append((0, taken))
                continue
            left = raw
            while left > 0:
                entry = next(queue, None)
                need(entry is not None, f'{name}: holds more than the entries')
                header, size = len(make_headers(entry)), entry.get('size', 0)
                if header + size + -size % BLOCK <= left:
                    left -= header + size + -size % BLOCK
                    continue
                need(left == raw == header + MIB and size > MIB, f'{name}: ends within an entry')
                content, padding, left = size - MIB, -size % BLOCK, 0
                pieces.append((header, raw))
                break
            else:
                pieces.append(None)
        need(not content and next(queue, None) is None, f'{what}: the entries do not fill the members')
        return pieces

    def members(self, block, columns, wanted, what):
        at = block['offset']
        for number, (stored, raw) in enumerate(zip(columns['stored'], columns['raw'])):
            name = f'{what}, member {number} at {at}'
            member = self.snapshot.read(at, stored, name)
            digest, piece, piece_digest = wanted[number]
            if hashlib.sha256(member).digest() != digest:
                self.problems.append(f'{name}: not the digest of the index')
            _, deflate = open_member(member, b'D', name)
            data = inflate(deflate, name, raw)
            need(len(data) == raw, f'{name}: inflates to {len(data)} bytes, should be {raw}')
            check_trailer(member, data, name)
            if piece is not None and hashlib.sha256(data[piece[0]:piece[1]]).digest() != piece_digest:
                self.problems.append(f'{name}: the piece has not the digest of the index')
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

    def check_totals(self):
        root, manifest = self.snapshot.header, self.snapshot.manifest
        for key, count in self.totals.items():
            need(isinstance(root.get('totals'), dict) and root['totals'].get(key) == count,
                 f'totals: {key} should be {count}')
        for field, key in (('files', 'files'), ('bytes', 'bytes')):
            need(manifest[field] in (None, self.totals[key]), f'manifest: {field} should be {self.totals[key]}')
        counts = {section['name']: section['entry_count'] for section in manifest['sections']}
        for name, count in self.sections.items():
            need(counts.get(name, 0) == count, f'manifest: section {name} should count {count}')
        top = root.get('directory')
        need(isinstance(top, dict) and {'mode', 'uid', 'gid', 'mtime', 'mtime_ns'} <= set(top), 'header: directory')
        need(isinstance(root.get('verdicts'), list), 'header: verdicts')
        for verdict in root['verdicts']:
            need(isinstance(verdict, dict), 'header: verdicts')
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
