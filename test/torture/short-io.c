/*
 * Below the C library's reads and writes: of files in the directory SHORT_IO_BELOW, each gives or takes at most half of what was asked
 * for, as a system may. Not of others: Node itself takes a short read of a module for its end.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

static size_t half(int fd, size_t length) {
  struct stat info;
  char link[64], path[4096];
  const char *below = getenv("SHORT_IO_BELOW");
  if (length < 2 || !below || fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) return length;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t end = readlink(link, path, sizeof path - 1);
  if (end < 0) return length;
  path[end] = 0;
  return strncmp(path, below, strlen(below)) == 0 ? length / 2 : length;
}

#define NEXT(name) \
  static __typeof__(name) *next; \
  if (!next) next = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

ssize_t read(int fd, void *buffer, size_t length) {
  NEXT(read);
  return next(fd, buffer, half(fd, length));
}

ssize_t write(int fd, const void *buffer, size_t length) {
  NEXT(write);
  return next(fd, buffer, half(fd, length));
}

ssize_t pread(int fd, void *buffer, size_t length, off_t offset) {
  NEXT(pread);
  return next(fd, buffer, half(fd, length), offset);
}

ssize_t pwrite(int fd, const void *buffer, size_t length, off_t offset) {
  NEXT(pwrite);
  return next(fd, buffer, half(fd, length), offset);
}

ssize_t pread64(int fd, void *buffer, size_t length, off64_t offset) {
  NEXT(pread64);
  return next(fd, buffer, half(fd, length), offset);
}

ssize_t pwrite64(int fd, const void *buffer, size_t length, off64_t offset) {
  NEXT(pwrite64);
  return next(fd, buffer, half(fd, length), offset);
}
