"""A file system that folds names as APFS and HFS+ do, for tests: a folder, seen through FUSE. Debian: python3-fuse.

Two names are one when they are equal once composed characters are taken apart and case is folded. A name keeps the spelling that it was made
with, or last renamed to. It may have 255 characters, whatever their bytes, and is UTF-8.

BACK=FOLDER [PATH_LIMIT=bytes] python3 folding.py MOUNTPOINT -f -s -o use_ino,attr_timeout=0,entry_timeout=0,negative_timeout=0

Not like the real ones: names of more than 255 bytes are remembered only while it is mounted; a lookup that does not find the exact name lists
the directory, so large ones are slow; the kernel does not know that it folds, and may hold two entries for one file for a moment; extended
attributes, clones and locks are not served; times are told in whole seconds, as python3-fuse has them; a sync of a directory answers success, for python3-fuse dies of one (directory-fsync.c has it fail).
"""
import errno
import functools
import hashlib
import os
import sys
import unicodedata

import fuse

fuse.fuse_python_api = (0, 2)
BACK = os.environ['BACK']
MOUNT = next(word for word in sys.argv[1:] if word.startswith('/'))
PATH_LIMIT = int(os.environ.get('PATH_LIMIT', '0'))
MOST_CHARACTERS = 255
MOST_BYTES = 255

# By the inode of the directory: names that the folder below cannot hold, by what they are stored as.
long_names = {}


@functools.lru_cache(maxsize=10_000)
def fold(name):
    return unicodedata.normalize('NFD', unicodedata.normalize('NFD', name).casefold())


def stored_as(name):
    """A name in the folder below, for a name that is new."""
    if len(os.fsencode(name)) <= MOST_BYTES:
        return name
    return 'long-' + hashlib.sha256(fold(name).encode('utf-8', 'surrogateescape')).hexdigest()


def spelled(directory, stored):
    return long_names.get(os.lstat(directory).st_ino, {}).get(stored, stored)


def find(directory, name):
    """What a name is stored as in a directory of the folder below; None if nothing there has it."""
    if len(name) > MOST_CHARACTERS:
        raise OSError(errno.ENAMETOOLONG, 'name')
    if any('\udc80' <= character <= '\udcff' for character in name):
        raise OSError(errno.EILSEQ, 'name')
    stored = stored_as(name)
    if os.path.lexists(directory + '/' + stored):
        return stored
    wanted = fold(name)
    try:
        entries = os.listdir(directory)
    except (FileNotFoundError, NotADirectoryError):
        return None
    return next((each for each in entries if fold(spelled(directory, each)) == wanted), None)


def place(path):
    """The directory below that a path leads to, and its last name."""
    if PATH_LIMIT and len(os.fsencode(MOUNT + path)) > PATH_LIMIT:
        raise OSError(errno.ENAMETOOLONG, 'path')
    *above, last = [part for part in path.split('/') if part] or ['']
    directory = BACK
    for name in above:
        directory += '/' + (find(directory, name) or stored_as(name))
    return directory, last


def real(path):
    """Where a path leads below: to what has the name, or to where it would be made."""
    directory, name = place(path)
    return directory + '/' + (find(directory, name) or stored_as(name)) if name else directory


def remember(path, stored):
    directory, name = place(path)
    if stored != name:
        long_names.setdefault(os.lstat(directory).st_ino, {})[stored] = name


class Folding(fuse.Fuse):
    def getattr(self, path):
        return os.lstat(real(path))

    def readlink(self, path):
        return os.readlink(real(path))

    def unlink(self, path):
        os.unlink(real(path))

    def rmdir(self, path):
        os.rmdir(real(path))

    def symlink(self, target, path):
        self.make(path, lambda below: os.symlink(target, below))

    def link(self, source, path):
        self.make(path, lambda below: os.link(real(source), below))

    def mkdir(self, path, mode):
        self.make(path, lambda below: os.mkdir(below, mode))

    def mknod(self, path, mode, device):
        self.make(path, lambda below: os.mknod(below, mode, device))

    def make(self, path, act):
        below = real(path)
        act(below)
        remember(path, os.path.basename(below))

    def rename(self, source, target):
        old = real(source)
        directory, name = place(target)
        standing = find(directory, name)
        new = directory + '/' + stored_as(name)
        if standing is not None and directory + '/' + standing != old:
            # What stands there goes at once, whatever its spelling; then the newcomer takes the spelling that was asked for.
            os.rename(old, directory + '/' + standing)
            old = directory + '/' + standing
        if old != new:
            os.rename(old, new)
        remember(target, os.path.basename(new))

    def chmod(self, path, mode):
        os.chmod(real(path), mode)

    def chown(self, path, user, group):
        os.lchown(real(path), user, group)

    def truncate(self, path, length):
        os.truncate(real(path), length)

    def utimens(self, path, accessed, modified):
        times = tuple(time.tv_sec * 10**9 + time.tv_nsec for time in (accessed, modified))
        os.utime(real(path), ns=times, follow_symlinks=False)

    def access(self, path, mode):
        if not os.access(real(path), mode, follow_symlinks=False):
            return -errno.EACCES

    def statfs(self):
        return os.statvfs(BACK)

    def readdir(self, path, offset):
        directory = real(path)
        for stored in ['.', '..', *os.listdir(directory)]:
            # A file that was removed while it is open: FUSE keeps it under such a name until it is closed.
            if stored.startswith('.fuse_hidden'):
                continue
            yield fuse.Direntry(spelled(directory, stored), ino=1)

    class File:
        keep = False
        direct_io = False
        keep_cache = False

        def __init__(self, path, flags, *mode):
            below = real(path)
            self.descriptor = os.open(below, flags & ~os.O_NOFOLLOW, *mode)
            if flags & os.O_CREAT:
                remember(path, os.path.basename(below))

        def read(self, length, offset):
            return os.pread(self.descriptor, length, offset)

        def write(self, content, offset):
            return os.pwrite(self.descriptor, content, offset)

        def release(self, flags):
            os.close(self.descriptor)

        def flush(self):
            pass

        def fsync(self, datasync):
            os.fsync(self.descriptor)

        def fgetattr(self):
            return os.fstat(self.descriptor)

        def ftruncate(self, length):
            os.ftruncate(self.descriptor, length)

    def main(self, *words, **more):
        self.file_class = Folding.File
        return fuse.Fuse.main(self, *words, **more)


server = Folding(version='1', usage='', dash_s_do='setsingle')
server.parse(errex=1)
server.main()
