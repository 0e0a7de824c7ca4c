/* SPDX-License-Identifier: MIT
 *
 * mda-plain-c: mda-plain without the SDK, to show what the SDK does: a directory per user, a file per
 * message. Every name is made durable by flushing the directory that it stands in, and nothing has its name
 * before its content is durable.
 */
#define _GNU_SOURCE
#include <pigeon/abi/mda.h>
#include <pigeon/abi/plugin.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define BASE_MARK ".pigeon-base"
#define STAMP ".pigeon-allocation"

/* One instance: the base directory. */
typedef struct plain {
  char base[PATH_MAX];
} plain;

__attribute__((format(printf, 4, 5))) static pigeon_status fail(pigeon_error* error, pigeon_status status,
                                                                const char* remedy, const char* format, ...) {
  va_list arguments;
  error->status = status;
  va_start(arguments, format);
  vsnprintf(error->detail, sizeof error->detail, format, arguments);
  va_end(arguments);
  snprintf(error->remedy, sizeof error->remedy, "%s", remedy);
  return status;
}

static pigeon_status fail_system(pigeon_error* error, const char* tried, const char* on) {
  const pigeon_status status = errno == ENOSPC || errno == EDQUOT ? PIGEON_NO_SPACE : PIGEON_TEMPORARY;
  return fail(error, status, "see what the system said", "%s %s: %s", tried, on, strerrordesc_np(errno));
}

static pigeon_status fail_stored(pigeon_error* error, const char* tried, const char* on) {
  error->flags |= PIGEON_ERROR_MAY_HAVE_HAPPENED;
  return fail_system(error, tried, on);
}

static int open_directory(int above, const char* name) {
  return openat(above, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* The base, or -1 where it is not marked: a file system that is not mounted. */
static int open_base(const plain* self, pigeon_error* error) {
  struct stat mark;
  const int base = open(self->base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (base >= 0 && fstatat(base, BASE_MARK, &mark, AT_SYMLINK_NOFOLLOW) == 0) return base;
  fail(error, PIGEON_MISCONFIGURED, "mount its file system; if it is new, run `pigeonctl init`",
       "use base directory %s: it is not there, or not marked", self->base);
  if (base >= 0) close(base);
  return -1;
}

static int write_all(int file, pigeon_string bytes) {
  while (bytes.size > 0) {
    const ssize_t written = write(file, bytes.data, bytes.size);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return -1;
    bytes.data += written;
    bytes.size -= (size_t)written;
  }
  return 0;
}

/* A file appears under `name`, whole and durable but for the name. 1: it was there already; -1: failed. */
static int appear(int directory, const char* name, const pigeon_string* parts, size_t count) {
  char unnamed[64];
  const int file = openat(directory, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
  if (file < 0) return -1;
  int failed = 0;
  for (size_t part = 0; part < count && !failed; ++part) failed = write_all(file, parts[part]);
  if (!failed) failed = fsync(file);
  if (!failed) {
    snprintf(unnamed, sizeof unnamed, "/proc/self/fd/%d", file);
    failed = linkat(AT_FDCWD, unnamed, directory, name, AT_SYMLINK_FOLLOW);
  }
  const int met = errno;
  close(file);
  errno = met;
  return failed && errno == EEXIST ? 1 : failed;
}

static pigeon_status open_plain(const pigeon_host* host, const pigeon_settings* settings, void** instance,
                                pigeon_error* error) {
  (void)host;
  plain* self = calloc(1, sizeof *self);
  if (self == NULL) return fail(error, PIGEON_TEMPORARY, "add memory", "out of memory");
  for (size_t each = 0; each < settings->setting_count; ++each) {
    const pigeon_attribute* setting = &settings->settings[each];
    if (setting->name.size != 4 || memcmp(setting->name.data, "base", 4) != 0) continue;
    const pigeon_string value = setting->values[0];
    if (value.size < sizeof self->base) memcpy(self->base, value.data, value.size);
  }
  if (self->base[0] == '\0') {
    free(self);
    return fail(error, PIGEON_MISCONFIGURED, "shorten it", "the path of the base directory is too long");
  }
  *instance = self;
  return PIGEON_OK;
}

static void close_plain(void* instance) {
  free(instance);
}

static pigeon_status initialize(void* instance, const pigeon_schema* schema, uint64_t deadline,
                                pigeon_error* error) {
  (void)schema;
  (void)deadline;
  const plain* self = instance;
  if (mkdir(self->base, 0700) != 0 && errno != EEXIST) return fail_system(error, "make", self->base);
  const int base = open_directory(AT_FDCWD, self->base);
  if (base < 0) return fail_system(error, "open", self->base);
  const int above = open_directory(base, "..");
  const int failed =
      appear(base, BASE_MARK, NULL, 0) < 0 || fsync(base) != 0 || above < 0 || fsync(above) != 0;
  if (above >= 0) close(above);
  close(base);
  return failed ? fail_system(error, "mark", self->base) : PIGEON_OK;
}

/* As a name of a directory, or not at all. The catch-all gets a name that no user can have. */
static int put_name(char* to, size_t room, pigeon_string name) {
  static const char usual[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-+@~";
  if (name.size == 0) return snprintf(to, room, "=unknown") >= (int)room;
  if (name.size >= room || name.data[0] == '.') return 1;
  for (size_t each = 0; each < name.size; ++each) {
    const unsigned char byte = (unsigned char)name.data[each];
    if (byte >= 0x80 || memchr(usual, byte, sizeof usual - 1) == NULL) return 1;
    to[each] = (char)byte;
  }
  to[name.size] = '\0';
  return 0;
}

static pigeon_status propose(void* instance, const pigeon_principal* principal,
                             const pigeon_attribute* requests, size_t request_count,
                             const pigeon_attribute_sink* sink, pigeon_error* error) {
  (void)instance;
  (void)requests;
  (void)request_count;
  char home[2 * NAME_MAX];
  char user[NAME_MAX];
  if (put_name(home, NAME_MAX, principal->domain) || put_name(user, sizeof user, principal->user)) {
    return fail(error, PIGEON_MISCONFIGURED, "choose another storage format for this user",
                "make a path of a domain or user that cannot be the name of a directory");
  }
  strcat(strcat(home, "/"), user);
  const pigeon_string name = {"home", 4};
  const pigeon_string value = {home, strlen(home)};
  sink->attribute(sink->context, name, value);
  return PIGEON_OK;
}

/* The two names of a home: "domain/user". Whoever wrote it into the tree, it does not lead elsewhere. */
static int split_home(const pigeon_allocation* allocation, char* domain, char* user) {
  for (size_t each = 0; each < allocation->attribute_count; ++each) {
    const pigeon_attribute* attribute = &allocation->attributes[each];
    if (attribute->name.size != 4 || memcmp(attribute->name.data, "home", 4) != 0) continue;
    const pigeon_string home = attribute->values[0];
    const char* slash = memchr(home.data, '/', home.size);
    if (slash == NULL || memchr(home.data, '\0', home.size) != NULL) return -1;
    const size_t before = (size_t)(slash - home.data);
    const size_t after = home.size - before - 1;
    if (before == 0 || after == 0 || before >= NAME_MAX || after >= NAME_MAX) return -1;
    if (home.data[0] == '.' || slash[1] == '.' || memchr(slash + 1, '/', after) != NULL) return -1;
    memcpy(domain, home.data, before);
    domain[before] = '\0';
    memcpy(user, slash + 1, after);
    user[after] = '\0';
    return 0;
  }
  return -1;
}

static int make_directory(int above, const char* name) {
  if (mkdirat(above, name, 0700) != 0 && errno != EEXIST) return -1;
  const int made = open_directory(above, name);
  if (made >= 0 && fsync(above) == 0) return made;
  if (made >= 0) close(made);
  return -1;
}

/* Opens the mailbox, or makes the directories of it; -1 where that fails, -2 where its home is no path. */
static int reach_mailbox(int base, const pigeon_allocation* allocation, int (*step)(int, const char*)) {
  char domain[NAME_MAX];
  char user[NAME_MAX];
  if (split_home(allocation, domain, user) != 0) return -2;
  const int above = step(base, domain);
  if (above < 0) return -1;
  const int mailbox = step(above, user);
  const int met = errno;
  close(above);
  errno = met;
  return mailbox;
}

/* 0: it bears this allocation's stamp. */
static int check_stamp(int mailbox, const pigeon_allocation* allocation) {
  char stamp[256];
  const int file = openat(mailbox, STAMP, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (file < 0) return -1;
  const ssize_t size = read(file, stamp, sizeof stamp);
  close(file);
  const pigeon_string id = allocation->id;
  return size == (ssize_t)id.size + 1 && memcmp(stamp, id.data, id.size) == 0 ? 0 : -1;
}

static pigeon_status fail_mailbox(pigeon_error* error, int reached, const pigeon_allocation* allocation) {
  const char* remedy = "mount its file system, restore it from a backup, or correct the tree";
  const char* why = reached == -2   ? "its home is no path"
                    : reached == -1 ? strerrordesc_np(errno)
                                    : "it does not bear this allocation's stamp";
  return fail(error, PIGEON_MISCONFIGURED, remedy, "use the mailbox of allocation %.*s: %s",
              (int)allocation->id.size, allocation->id.data, why);
}

static pigeon_status ensure(void* instance, const pigeon_allocation* allocation, uint64_t deadline,
                            pigeon_error* error) {
  (void)deadline;
  const int base = open_base(instance, error);
  if (base < 0) return error->status;
  const int mailbox = reach_mailbox(base, allocation, make_directory);
  close(base);
  if (mailbox < 0) return fail_mailbox(error, mailbox, allocation);
  const pigeon_string stamp[] = {allocation->id, {"\n", 1}};
  const int failed = appear(mailbox, STAMP, stamp, 2) < 0 || fsync(mailbox) != 0;
  const pigeon_status status = failed                                  ? fail_system(error, "stamp", STAMP)
                               : check_stamp(mailbox, allocation) != 0 ? fail_mailbox(error, 0, allocation)
                                                                       : PIGEON_OK;
  close(mailbox);
  return status;
}

/* The message as a file: see store_once in pigeon/sdk/mailbox.hpp for why this is once. */
static pigeon_status store(int mailbox, const pigeon_delivery* delivery) {
  pigeon_receipt* receipt = delivery->receipt;
  const int is_unique = (delivery->flags & PIGEON_DELIVERY_ID_IS_UNIQUE) != 0;
  const size_t parts = delivery->message->prefix_count + 1;
  pigeon_string* message = calloc(parts, sizeof *message);
  if (message == NULL) return fail(receipt->error, PIGEON_TEMPORARY, "add memory", "out of memory");
  for (size_t part = 0; part + 1 < parts; ++part) message[part] = delivery->message->prefix[part];
  message[parts - 1] = delivery->message->body;

  char appears_as[80];
  char name[128];
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  snprintf(appears_as, sizeof appears_as, "%s%.*s", is_unique ? "" : ".", (int)delivery->id.size,
           delivery->id.data);
  snprintf(name, sizeof name, "%s-%lld.%09ld.%ld", appears_as + 1, (long long)now.tv_sec, now.tv_nsec,
           (long)getpid());
  int was_there = appear(mailbox, appears_as, message, parts);
  while (!is_unique && was_there >= 0 && renameat(mailbox, appears_as, mailbox, name) != 0) {
    was_there = errno == ENOENT ? appear(mailbox, appears_as, message, parts) : -1;
  }
  free(message);
  if (was_there < 0) return fail_stored(receipt->error, "store", appears_as);
  if (fsync(mailbox) != 0) return fail_stored(receipt->error, "flush the mailbox after", appears_as);
  receipt->flags = was_there ? PIGEON_RECEIPT_ALREADY_THERE : 0;
  if (delivery->folder.size != 0) receipt->flags |= PIGEON_RECEIPT_NO_SUCH_FOLDER;
  snprintf(receipt->stored, sizeof receipt->stored, "%s", is_unique ? appears_as : name);
  return PIGEON_OK;
}

static pigeon_status deliver_one(const plain* self, const pigeon_delivery* delivery) {
  pigeon_error* error = delivery->receipt->error;
  const int base = open_base(self, error);
  if (base < 0) return error->status;
  int mailbox = reach_mailbox(base, delivery->allocation, open_directory);
  pigeon_status status = PIGEON_OK;
  if (mailbox < 0 || check_stamp(mailbox, delivery->allocation) != 0) {
    status = fail_mailbox(error, mailbox, delivery->allocation);
  } else {
    status = store(mailbox, delivery);
  }
  if (mailbox >= 0) close(mailbox);
  close(base);
  return status;
}

static void deliver(void* instance, const pigeon_delivery* const* deliveries, size_t count) {
  for (size_t each = 0; each < count; ++each) {
    deliveries[each]->receipt->status = deliver_one(instance, deliveries[each]);
  }
}

static const pigeon_declaration allocated[] = {{"home", PIGEON_TYPE_TEXT,
                                                PIGEON_DECLARATION_ALLOCATION | PIGEON_DECLARATION_MANDATORY,
                                                NULL, NULL, "the user's directory, below the base"}};
static const pigeon_class preferences = {
    "mda-plain-c", PIGEON_CLASS_AUXILIARY, 0, "wants its mail in plain files", NULL, 0};
static const pigeon_class allocation_class = {
    "mda-plain-cAllocation", PIGEON_CLASS_AUXILIARY, 0, "has plain files", allocated, 1};
static const pigeon_class* const classes[] = {&preferences, &allocation_class};
static const pigeon_declaration settings[] = {
    {"base", PIGEON_TYPE_PATH, PIGEON_DECLARATION_MANDATORY, NULL, NULL, "what all is below"}};
static const pigeon_mda operations = {
    .size = sizeof operations, .propose = propose, .ensure = ensure, .deliver = deliver};

PIGEON_PLUGIN_NOTE(PIGEON_KIND_MDA);
PIGEON_EXPORT const pigeon_plugin pigeon_plugin_v0 = {.size = sizeof pigeon_plugin_v0,
                                                      .major = PIGEON_API_MAJOR,
                                                      .minor = PIGEON_API_MINOR,
                                                      .kind = PIGEON_KIND_MDA,
                                                      .name = "mda-plain-c",
                                                      .version = "1.0",
                                                      .summary = "stores each message in a file",
                                                      .classes = classes,
                                                      .class_count = 2,
                                                      .settings = settings,
                                                      .setting_count = 1,
                                                      .open = open_plain,
                                                      .close = close_plain,
                                                      .initialize = initialize,
                                                      .operations = &operations};
