/* SPDX-License-Identifier: MIT
 *
 * A datatree: the plugin that makes a database look like a tree of objects.
 *
 * Found, not there and could not ask are three answers. PIGEON_NOT_THERE is said only when the root, marked
 * as ours by `initialize`, and the parent of what was asked for were read on the same connection, in the same
 * state of the database. Anything less (a wrong base, an empty file, a parent that is missing, an answer that
 * broke off) is a temporary failure. A tree is never created by the calls below.
 *
 * Names compare as octets: no collation, no trimming. Paths come in as the host wrote them, normalised; what
 * comes back is canonical, and locks, writes and comparisons use only that.
 *
 * Memory: requests, updates and tokens are lent by the host until the call returns; an object that is given
 * to a sink is lent by the datatree until the sink returns. Threads: a sink is called from the thread of the
 * call, before that returns. Time: deadlines are absolute, in nanoseconds of CLOCK_MONOTONIC; a lease is a
 * length, in nanoseconds.
 *
 * Errors: what is not listed with a function is temporary (status.h), whatever the database says. No answer
 * of a datatree is ever permanent. A write of which nobody knows whether it was done fails with
 * PIGEON_ERROR_MAY_HAVE_HAPPENED.
 */
#ifndef PIGEON_ABI_DATATREE_H
#define PIGEON_ABI_DATATREE_H

#include <pigeon/abi/object.h>
#include <pigeon/abi/schema.h>
#include <pigeon/abi/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What a datatree can do beyond fetch. A capability is set exactly if its function is not NULL. */
#define PIGEON_DATATREE_CHILDREN UINT32_C(0x1)
#define PIGEON_DATATREE_APPLY UINT32_C(0x2)
#define PIGEON_DATATREE_LOCK UINT32_C(0x4) /* lock and unlock */
#define PIGEON_DATATREE_APPLY_ALL UINT32_C(0x8)
#define PIGEON_DATATREE_PRINT_SCHEMA UINT32_C(0x10)

/* Takes objects one by one. Non-zero means: no more; the datatree stops and answers PIGEON_OK. */
typedef struct pigeon_object_sink {
  uint32_t size;
  uint32_t reserved;
  void* context;
  uint32_t (*object)(void* context, const pigeon_object* object) PIGEON_NOEXCEPT;
} pigeon_object_sink;

typedef struct pigeon_text_sink {
  uint32_t size;
  uint32_t reserved;
  void* context;
  void (*text)(void* context, pigeon_string text) PIGEON_NOEXCEPT;
} pigeon_text_sink;

/* The answer must come from where writes go, not from a copy that may lag: after a lock, after a lost write.
 */
#define PIGEON_FETCH_AUTHORITATIVE UINT32_C(0x1)

typedef struct pigeon_fetch {
  uint32_t size;
  uint32_t flags;
  uint64_t deadline;
  pigeon_string path;
  uint32_t depth; /* 0: the object alone; n: and n levels below it */
  uint32_t reserved;
} pigeon_fetch;

/* One page of the objects directly below `path`, whole, in an order of the datatree's own that stays the
 * same. after: the last name (not encoded) of the page before; empty for the first page. */
typedef struct pigeon_page {
  uint32_t size;
  uint32_t limit;
  uint64_t deadline;
  pigeon_string path;
  pigeon_string after;
} pigeon_page;

#define PIGEON_CHANGE_CREATE UINT32_C(1)       /* the object; name: its structural class */
#define PIGEON_CHANGE_REMOVE UINT32_C(2)       /* the object, which has nothing below it */
#define PIGEON_CHANGE_ADD_CLASS UINT32_C(3)    /* name: an auxiliary class; has no effect if it is there */
#define PIGEON_CHANGE_REMOVE_CLASS UINT32_C(4) /* name: an auxiliary class, with its attributes */
#define PIGEON_CHANGE_SET UINT32_C(5) /* name, values: replaces all values; none removes the attribute */

typedef struct pigeon_change {
  uint32_t kind;
  uint32_t reserved;
  pigeon_string name;
  const pigeon_string* values;
  size_t value_count;
} pigeon_change;

#define PIGEON_IF_OBJECT_ABSENT UINT32_C(1)
#define PIGEON_IF_ATTRIBUTE_ABSENT UINT32_C(2) /* name */
#define PIGEON_IF_ATTRIBUTE_EQUAL UINT32_C(3)  /* name, value: it has exactly this one value */

typedef struct pigeon_precondition {
  uint32_t kind;
  uint32_t reserved;
  pigeon_string name;
  pigeon_string value;
} pigeon_precondition;

/* Proof that a lock is held. Its bytes are the datatree's own. */
typedef struct pigeon_token {
  uint32_t size;
  uint32_t length;
  char bytes[64];
} pigeon_token;

/* Changes of one object: all of them happen, or none.
 * token: NULL, or of a lock on `path`: a precondition that the lock is still held under it. */
typedef struct pigeon_update {
  uint32_t size;
  uint32_t reserved;
  uint64_t deadline;
  pigeon_string path;
  const pigeon_change* changes;
  size_t change_count;
  const pigeon_precondition* preconditions;
  size_t precondition_count;
  const pigeon_token* token;
} pigeon_update;

typedef struct pigeon_datatree {
  uint32_t size;
  uint32_t capabilities;

  /* The object, then everything below it down to `depth`, parents first. PIGEON_OK only if all of it was
   * given; PIGEON_NOT_THERE with nothing given. */
  pigeon_status (*fetch)(void* instance, const pigeon_fetch* request, const pigeon_object_sink* sink,
                         pigeon_error* error) PIGEON_NOEXCEPT;

  /* PIGEON_OK with fewer than `limit` objects means that there are no more. PIGEON_NOT_THERE: no such path.
   */
  pigeon_status (*children)(void* instance, const pigeon_page* request, const pigeon_object_sink* sink,
                            pigeon_error* error) PIGEON_NOEXCEPT;

  /* PIGEON_CONFLICT: a precondition did not hold, or an object to be created is there, or one to be removed
   * has something below it. PIGEON_NOT_THERE: there is no such object, or no parent for it. In both cases
   * nothing was changed. After PIGEON_OK the change is durable. */
  pigeon_status (*apply)(void* instance, const pigeon_update* update, pigeon_error* error) PIGEON_NOEXCEPT;

  /* Many updates, in order, as one: all of them happen, or none. For an administrator who brings in many
   * objects; the updates have no tokens. Answers as apply; *failed is then the index of the update that did
   * not go. */
  pigeon_status (*apply_all)(void* instance, const pigeon_update* const* updates, size_t count,
                             size_t* failed, pigeon_error* error) PIGEON_NOEXCEPT;

  /* Waits until the lock on `path` is had or the deadline passes (PIGEON_BUSY). The lock is a lease: a holder
   * that has not unlocked may be taken over after `lease` nanoseconds during which, by the waiter's own
   * CLOCK_MONOTONIC, nothing changed; the old token then is worth nothing. PIGEON_NOT_THERE: no such object.
   */
  pigeon_status (*lock)(void* instance, pigeon_string path, uint64_t lease, uint64_t deadline,
                        pigeon_token* token, pigeon_error* error) PIGEON_NOEXCEPT;

  /* PIGEON_CONFLICT: somebody else has taken the lock over; theirs is untouched. */
  pigeon_status (*unlock)(void* instance, pigeon_string path, const pigeon_token* token, uint64_t deadline,
                          pigeon_error* error) PIGEON_NOEXCEPT;

  /* The schema in the backend's own language ("sql", "ldap"). PIGEON_UNSUPPORTED for any other. */
  pigeon_status (*print_schema)(void* instance, const pigeon_schema* schema, pigeon_string language,
                                const pigeon_text_sink* sink, pigeon_error* error) PIGEON_NOEXCEPT;
} pigeon_datatree;

#ifdef __cplusplus
}
#endif
#endif
