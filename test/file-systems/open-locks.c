/* Below the C library's open(2): takes the flag O_SHLOCK of macOS and the BSDs, a shared flock(2) on the file that is opened. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/file.h>
#include <unistd.h>

#define SHARED_LOCK 0x10

static int open_by(const char *name, const char *path, int flags, mode_t mode) {
  int (*next)(const char *, int, ...) = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, name);
  int fd = next(path, flags & ~SHARED_LOCK, mode);
  if (fd < 0 || !(flags & SHARED_LOCK)) return fd;
  if (flock(fd, LOCK_SH | (flags & O_NONBLOCK ? LOCK_NB : 0)) == 0) return fd;
  int failure = errno;
  close(fd);
  errno = failure;
  return -1;
}

static mode_t mode_of(int flags, va_list rest) {
  return (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(rest, mode_t) : 0;
}

int open(const char *path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  mode_t mode = mode_of(flags, rest);
  va_end(rest);
  return open_by("open", path, flags, mode);
}

int open64(const char *path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  mode_t mode = mode_of(flags, rest);
  va_end(rest);
  return open_by("open64", path, flags, mode);
}
