/* SPDX-License-Identifier: MIT
 *
 * The same writes and flushes as one delivery by mda-maildir, and nothing else: what a delivery costs that
 * checks nothing, looks nothing up and loads nothing. The message is on standard input.
 *
 *   bare HOME ID     HOME/.pigeon/{pending,done} and HOME/Maildir/{tmp,new} are there
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int checked(int result, const char* what) {
  if (result >= 0) return result;
  fprintf(stderr, "bare: %s: %s\n", what, strerror(errno));
  exit(1);
}

static int directory_at(int base, const char* path) {
  return checked(openat(base, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), path);
}

static int new_file_at(int directory, const char* name) {
  return checked(openat(directory, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600), name);
}

static void copy(int from, int to) {
  static char buffer[65536];
  for (;;) {
    const ssize_t got = read(from, buffer, sizeof buffer);
    checked((int)got, "read");
    if (got == 0) return;
    for (ssize_t at = 0; at < got;) {
      const ssize_t written = write(to, buffer + at, (size_t)(got - at));
      checked((int)written, "write");
      at += written;
    }
  }
}

int main(int count, char** arguments) {
  if (count != 3) return 2;
  const char* id = arguments[2];
  const int home = directory_at(AT_FDCWD, arguments[1]);
  const int pending = directory_at(home, ".pigeon/pending");
  const int done = directory_at(home, ".pigeon/done");
  const int tmp = directory_at(home, "Maildir/tmp");
  const int fresh = directory_at(home, "Maildir/new");

  new_file_at(pending, id);
  const int file = new_file_at(tmp, id);
  copy(STDIN_FILENO, file);
  checked(fsync(file), "flush the message");
  checked(fsync(pending), "flush pending");
  checked(renameat(tmp, id, fresh, id), "rename the message");
  checked(fsync(fresh), "flush new");
  checked(renameat(pending, id, done, id), "rename the claim");
  return 0;
}
