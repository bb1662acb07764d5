"""A file system that lacks what others have, for tests: a folder, seen through FUSE. Debian: python3-fuse.

BACK=FOLDER DENY=call:ERRNO,… [FORBIDDEN=characters] [MODELESS=1] [CLOCK_SECONDS=2] [SEQUENTIAL=1] [MISSING_AT_FIRST=1] python3 limited.py MOUNTPOINT -f -s -o use_ino
"""
import errno
import os
import stat

import fuse

fuse.fuse_python_api = (0, 2)
BACK = os.environ['BACK']
DENY = dict(rule.split(':') for rule in os.environ.get('DENY', '').split(',') if rule)
FORBIDDEN = os.environ.get('FORBIDDEN', '')
MODELESS = 'MODELESS' in os.environ
CLOCK_SECONDS = int(os.environ.get('CLOCK_SECONDS', '1'))
SEQUENTIAL = 'SEQUENTIAL' in os.environ
MISSING_AT_FIRST = 'MISSING_AT_FIRST' in os.environ

opened = set()


def real(path):
    return BACK + path


def refuse(call):
    if call in DENY:
        raise OSError(getattr(errno, DENY[call]), call)


def named(path):
    """As FAT refuses a name that it cannot hold."""
    if any(character in path for character in FORBIDDEN):
        raise OSError(errno.EINVAL, 'name')
    return real(path)


class Limited(fuse.Fuse):
    def getattr(self, path):
        found = os.lstat(real(path))
        if not MODELESS and CLOCK_SECONDS == 1:
            return found
        shown = fuse.Stat()
        for field in ('st_ino', 'st_dev', 'st_nlink', 'st_uid', 'st_gid', 'st_size', 'st_blocks'):
            setattr(shown, field, getattr(found, field))
        for field in ('st_atime', 'st_mtime', 'st_ctime'):
            setattr(shown, field, int(getattr(found, field)) // CLOCK_SECONDS * CLOCK_SECONDS)
        shown.st_mode = stat.S_IFMT(found.st_mode) | 0o755 if MODELESS else found.st_mode
        return shown

    def readlink(self, path):
        return os.readlink(real(path))

    def unlink(self, path):
        os.unlink(real(path))

    def rmdir(self, path):
        os.rmdir(real(path))

    def symlink(self, target, path):
        refuse('symlink')
        os.symlink(target, named(path))

    def link(self, source, path):
        refuse('link')
        os.link(real(source), named(path))

    def rename(self, source, target):
        os.rename(real(source), named(target))

    def mkdir(self, path, mode):
        os.mkdir(named(path), mode)

    def mknod(self, path, mode, device):
        os.mknod(named(path), mode, device)

    def chmod(self, path, mode):
        refuse('chmod')
        os.chmod(real(path), mode)

    def chown(self, path, user, group):
        refuse('chown')
        os.lchown(real(path), user, group)

    def truncate(self, path, length):
        if SEQUENTIAL and length > os.stat(real(path)).st_size:
            raise OSError(errno.EPERM, 'truncate')
        os.truncate(real(path), length)

    def utimens(self, path, accessed, modified):
        refuse('utimens')
        times = tuple(time.tv_sec * 10**9 + time.tv_nsec for time in (accessed, modified))
        os.utime(real(path), ns=times, follow_symlinks=False)

    def statfs(self):
        return os.statvfs(BACK)

    def readdir(self, path, offset):
        for name in ['.', '..', *os.listdir(real(path))]:
            yield fuse.Direntry(name, ino=1)

    class File:
        keep = False
        direct_io = False
        keep_cache = False

        def __init__(self, path, flags, *mode):
            if MISSING_AT_FIRST and not flags & os.O_CREAT and path not in opened:
                opened.add(path)
                raise OSError(errno.ENOENT, 'open')
            self.descriptor = os.open(named(path), flags & ~os.O_NOFOLLOW, *mode)

        def read(self, length, offset):
            return os.pread(self.descriptor, length, offset)

        def write(self, content, offset):
            if SEQUENTIAL and offset != os.fstat(self.descriptor).st_size:
                raise OSError(errno.EPERM, 'write')
            return os.pwrite(self.descriptor, content, offset)

        def release(self, flags):
            os.close(self.descriptor)

        def flush(self):
            pass

        def fsync(self, datasync):
            refuse('fsync')
            os.fsync(self.descriptor)

        def fgetattr(self):
            return os.fstat(self.descriptor)

        def ftruncate(self, length):
            if SEQUENTIAL and length > os.fstat(self.descriptor).st_size:
                raise OSError(errno.EPERM, 'ftruncate')
            os.ftruncate(self.descriptor, length)

    def main(self, *words, **more):
        self.file_class = Limited.File
        return fuse.Fuse.main(self, *words, **more)


server = Limited(version='1', usage='', dash_s_do='setsingle')
server.parse(errex=1)
server.main()
