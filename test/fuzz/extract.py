"""Extracts archives with the common readers of tar and says how the trees differ from the restored one.

Reads lists of folders from standard input, a list in JSON a line. Each folder holds archive.tar.gz, its tar, the tree `restored`, and
`node-tar`, the tree of that reader (or node-tar.error). Writes for each list one of the same length, the differences by reader, in JSON.
Needs nothing but the standard library.
"""

import hashlib, json, os, shlex, subprocess, sys, tarfile

ENVIRONMENT = {**os.environ, 'LC_ALL': 'C.UTF-8'}
TOOLS = {
    'GNU tar': ['tar', '--numeric-owner', '-xpf', 'archive.tar'],
    'bsdtar': ['bsdtar', '--numeric-owner', '-xpf', 'archive.tar.gz'],
    'busybox': ['busybox', 'tar', '--numeric-owner', '-xpzf', 'archive.tar.gz'],
}
LIMIT = 64 * 1024 * 1024


def inside(member, _folder):
    """Python would write where a name tells it to; nothing that was accepted may try."""
    for name in (member.name, member.linkname if member.islnk() else ''):
        if name.startswith('/') or '..' in name.split('/'):
            raise tarfile.TarError(f'leads out: {name!r}')
    return member


def extract_with_tools(cases):
    """Has one shell run all of them. What each says against an archive, or None, by folder and reader."""
    lines = []
    for case in cases:
        lines.append(f'cd {shlex.quote(case)} && mkdir {" ".join(map(shlex.quote, TOOLS))}')
        for reader, words in TOOLS.items():
            lines.append(f'{shlex.join(words)} -C {shlex.quote(reader)} 2>{shlex.quote(reader + ".error")}; echo $?')
    shell = ['timeout', str(60 + 5 * len(cases)), 'sh', '-s']
    script = '\n'.join(lines).encode()
    done = subprocess.run(shell, input=script, capture_output=True, env=ENVIRONMENT)
    statuses = done.stdout.decode().split()
    said = {}
    for number, (case, reader) in enumerate((case, reader) for case in cases for reader in TOOLS):
        status = statuses[number] if number < len(statuses) else 'not run'
        with open(os.path.join(case, f'{reader}.error'), encoding='utf8', errors='replace') as opened:
            said[case, reader] = None if status == '0' else opened.read()[-300:] or status
    return said


def extract_with_python(case):
    folder = os.path.join(case, 'Python')
    os.makedirs(folder)
    try:
        with tarfile.open(os.path.join(case, 'archive.tar.gz'), errorlevel=2) as opened:
            opened.extractall(folder, numeric_owner=True, filter=inside)
        return None
    except Exception as error:  # Of a reader anything is an answer.
        return f'{type(error).__name__}: {error}'[:300]


def said_by_node_tar(case):
    notice = os.path.join(case, 'node-tar.error')
    if not os.path.exists(notice):
        return None
    with open(notice) as opened:
        return opened.read()


def read_tree(folder):
    """Type, content, set-id bits and owner by path, and which paths are one file."""
    nodes, names = {}, {}
    todo = ['']
    while todo:
        at = todo.pop()
        for item in os.scandir(os.path.join(folder, at) if at else folder):
            path = f'{at}/{item.name}' if at else item.name
            if path == 'manifest.json':
                continue
            status = item.stat(follow_symlinks=False)
            owner = [status.st_uid, status.st_gid]
            if item.is_symlink():
                nodes[path] = ('link', os.readlink(item.path), 0, owner)
            elif item.is_dir():
                nodes[path] = ('directory', None, status.st_mode & 0o6000, owner)
                todo.append(path)
            elif item.is_file():
                # A file of terabytes may come of one wrong digit, and it is a hole.
                text = f'{status.st_size} bytes'
                if status.st_size <= LIMIT:
                    with open(item.path, 'rb') as opened:
                        text = hashlib.sha256(opened.read()).hexdigest()
                nodes[path] = ('file', text, status.st_mode & 0o6000, owner)
                if status.st_nlink > 1:
                    names.setdefault(status.st_ino, set()).add(path)
            else:
                nodes[path] = ('special', None, 0, owner)
    groups = {path: sorted(group - {path}) for group in names.values() for path in group if len(group) > 1}
    return nodes, groups


def owner_differs(reader, was, now):
    if was[3] == now[3] or os.geteuid() != 0:
        return False
    # These two give no owner to links; busybox knows no records, which alone hold large numbers.
    if was[0] == 'link' and reader in ('busybox', 'node-tar'):
        return False
    return not (reader == 'busybox' and max(was[3]) >= 8**7)


def is_apple_double(folder, path):
    """Whether it is a file of macOS's own, which is not restored."""
    if not os.path.basename(path).startswith('._'):
        return False
    with open(os.path.join(folder, path), 'rb') as opened:
        return opened.read(4) == b'\x00\x05\x16\x07'


def differences(reader, folder, restored, extracted):
    (wanted, groups), (found, found_groups) = restored, extracted
    for path in sorted(wanted.keys() | found.keys()):
        was, now = wanted.get(path), found.get(path)
        if was is None and now[0] == 'file' and is_apple_double(folder, path):
            continue
        if was is None or now is None:
            yield f'{"extra" if was is None else "missing"}: {path!r}'
            continue
        if was[:2] != now[:2]:
            yield f'{path!r}: {was[:2]} restored, {now[:2]} extracted'
        if now[2] & ~was[2]:
            yield f'{path!r}: set-id bits {now[2]:o}'
        if owner_differs(reader, was, now):
            yield f'{path!r}: owner {was[3]} restored, {now[3]} extracted'
        if groups.get(path) != found_groups.get(path):
            yield f'{path!r}: one file with {groups.get(path)} restored, with {found_groups.get(path)} extracted'


def compare(case, said):
    restored = read_tree(os.path.join(case, 'restored'))
    errors = {reader: said[case, reader] for reader in TOOLS}
    errors['Python'] = extract_with_python(case)
    errors['node-tar'] = said_by_node_tar(case)
    # The tree of a whole restore, where the one at hand was restored in parts.
    if os.path.exists(os.path.join(case, 'whole')):
        errors['whole'] = None
    # No file system here takes macOS's attributes; the tree is whole.
    if errors['bsdtar'] is not None and 'Cannot restore extended attributes' in errors['bsdtar']:
        errors['bsdtar'] = None
    result = {}
    for reader, error in errors.items():
        folder = os.path.join(case, reader)
        found = [] if error is None else [f'failed: {error}']
        found += list(differences(reader, folder, restored, read_tree(folder)))[:8]
        if found:
            result[reader] = found
    return result


os.umask(0o022)
for line in sys.stdin:
    cases = json.loads(line)
    answers = extract_with_tools(cases)
    print(json.dumps([compare(case, answers) for case in cases]), flush=True)
