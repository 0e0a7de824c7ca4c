/* SPDX-License-Identifier: MIT
 *
 * Runs delivery programs one after the other, and prints how long each took from its start to its end, and
 * its peak memory. In every round each contestant runs once, in an order that is drawn anew, and all of them
 * deliver to the same mailbox, which is drawn, too; before each run everything is flushed, so that nobody
 * pays for what another one has left. A program in C, so that nothing else is in the times.
 *
 *   launch -i MESSAGE -d DIRECTORY [-n ROUNDS] [-m MAILBOXES] [-u UID -g GID] [-s SEED] [-e FILE]
 *          -- NAME [VARIABLE=VALUE...] PROGRAM [ARGUMENT...] [-- NAME ...]
 *
 *   -d  a directory on the file system that is flushed      -e  where standard output and standard error go
 *
 * In variables and arguments %m stands for the number of the mailbox, %n for that of the round. A line of the
 * output: NAME NANOSECONDS KIBIBYTES CPU-MICROSECONDS PAGE-FAULTS. The peak memory is that of the largest
 * process; it is never less than launch's own. Processor time and page faults are those of all its processes.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MOST_CONTESTANTS = 16, MOST_WORDS = 64, LONGEST_WORD = 4096 };

struct contestant {
  const char* name;
  char** words; /* variables, then the program and its arguments */
  int count;
};

struct settings {
  const char* message;
  const char* directory;
  const char* errors;
  unsigned long rounds;
  unsigned long mailboxes;
  uint64_t seed;
  bool has_user;
  uid_t uid;
  gid_t gid;
};

static _Noreturn void die(const char* what, int error) {
  fprintf(stderr, "launch: %s%s%s\n", what, error != 0 ? ": " : "", error != 0 ? strerror(error) : "");
  exit(1);
}

/* SplitMix64: the same draws everywhere for the same seed. */
static uint64_t draw(uint64_t* state, uint64_t below) {
  uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
  z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
  return (z ^ (z >> 31)) % below;
}

static unsigned long number(const char* text) {
  char* end = NULL;
  errno = 0;
  const unsigned long value = strtoul(text, &end, 10);
  if (errno != 0 || end == text || *end != '\0') die("a number is wanted where something else stands", 0);
  return value;
}

static char* expand(const char* word, unsigned long mailbox, unsigned long round) {
  char* expanded = malloc(LONGEST_WORD);
  size_t at = 0;
  if (expanded == NULL) die("out of memory", 0);
  for (; *word != '\0'; ++word) {
    if (at + 32 > LONGEST_WORD) die("a word is too long", 0);
    if (word[0] == '%' && (word[1] == 'm' || word[1] == 'n')) {
      at += (size_t)snprintf(expanded + at, 24, "%lu", word[1] == 'm' ? mailbox : round);
      ++word;
    } else {
      expanded[at++] = *word;
    }
  }
  expanded[at] = '\0';
  return expanded;
}

static int64_t nanoseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int64_t microseconds(const struct timeval* time) {
  return (int64_t)time->tv_sec * 1000000 + time->tv_usec;
}

static void run(const struct contestant* contestant, const struct settings* settings, unsigned long mailbox,
                unsigned long round) {
  char* words[MOST_WORDS + 1] = {NULL};
  char* variables[MOST_WORDS + 1] = {NULL};
  int word_count = 0;
  int variable_count = 0;
  variables[variable_count++] = expand("PATH=/usr/bin:/bin", 0, 0);
  for (int i = 0; i < contestant->count; ++i) {
    char* word = expand(contestant->words[i], mailbox, round);
    const bool is_variable = word_count == 0 && strchr(word, '=') != NULL;
    if (is_variable) {
      variables[variable_count++] = word;
    } else {
      words[word_count++] = word;
    }
  }
  if (word_count == 0) die("a contestant has no program", 0);

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, settings->message, O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, settings->errors, O_WRONLY | O_CREAT | O_APPEND,
                                   0600);
  posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);

  const int64_t begin = nanoseconds();
  pid_t pid = 0;
  const int error = posix_spawn(&pid, words[0], &actions, NULL, words, variables);
  if (error != 0) die(words[0], error);
  int status = 0;
  struct rusage usage;
  while (wait4(pid, &status, 0, &usage) < 0) {
    if (errno != EINTR) die("wait", errno);
  }
  const int64_t end = nanoseconds();

  posix_spawn_file_actions_destroy(&actions);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    fprintf(stderr, "launch: %s ended with %s %d\n", contestant->name,
            WIFEXITED(status) ? "status" : "signal",
            WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
    exit(1);
  }
  printf("%s %" PRId64 " %ld %" PRId64 " %ld\n", contestant->name, end - begin, usage.ru_maxrss,
         microseconds(&usage.ru_utime) + microseconds(&usage.ru_stime), usage.ru_minflt + usage.ru_majflt);
  for (int i = 0; i < word_count; ++i) free(words[i]);
  for (int i = 0; i < variable_count; ++i) free(variables[i]);
}

static void settle(const struct settings* settings) {
  if (!settings->has_user) return;
  if (setgroups(0, NULL) != 0 || setresgid(settings->gid, settings->gid, settings->gid) != 0 ||
      setresuid(settings->uid, settings->uid, settings->uid) != 0) {
    die("become another user", errno);
  }
}

int main(int count, char** arguments) {
  struct settings settings = {.errors = "/dev/null", .rounds = 1, .mailboxes = 1, .seed = 1};
  bool has_uid = false;
  for (int option; (option = getopt(count, arguments, "+i:d:n:m:u:g:s:e:")) != -1;) {
    switch (option) {
      case 'i':
        settings.message = optarg;
        break;
      case 'd':
        settings.directory = optarg;
        break;
      case 'n':
        settings.rounds = number(optarg);
        break;
      case 'm':
        settings.mailboxes = number(optarg);
        break;
      case 'u':
        settings.uid = (uid_t)number(optarg);
        has_uid = true;
        break;
      case 'g':
        settings.gid = (gid_t)number(optarg);
        settings.has_user = has_uid;
        break;
      case 's':
        settings.seed = number(optarg);
        break;
      case 'e':
        settings.errors = optarg;
        break;
      default:
        return 1;
    }
  }
  struct contestant contestants[MOST_CONTESTANTS];
  int contestant_count = 0;
  for (int i = optind; i < count;) {
    if (contestant_count == MOST_CONTESTANTS) die("too many contestants", 0);
    struct contestant* next = &contestants[contestant_count++];
    *next = (struct contestant){.name = arguments[i], .words = &arguments[i + 1]};
    for (++i; i < count && strcmp(arguments[i], "--") != 0; ++i) ++next->count;
    if (next->count > MOST_WORDS - 1) die("too many words", 0);
    if (i < count) ++i;
  }
  if (settings.message == NULL || settings.directory == NULL || contestant_count == 0) {
    die("-i, -d and a contestant are needed", 0);
  }
  settle(&settings);
  const int directory = open(settings.directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) die(settings.directory, errno);

  int order[MOST_CONTESTANTS];
  for (int i = 0; i < contestant_count; ++i) order[i] = i;
  for (unsigned long round = 0; round < settings.rounds; ++round) {
    const unsigned long mailbox = draw(&settings.seed, settings.mailboxes);
    for (int i = contestant_count - 1; i > 0; --i) {
      const int other = (int)draw(&settings.seed, (uint64_t)i + 1);
      const int moved = order[i];
      order[i] = order[other];
      order[other] = moved;
    }
    for (int i = 0; i < contestant_count; ++i) {
      if (syncfs(directory) != 0) die(settings.directory, errno);
      run(&contestants[order[i]], &settings, mailbox, round);
    }
  }
  return fflush(stdout) == 0 ? 0 : 1;
}
