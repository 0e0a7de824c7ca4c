/* SPDX-License-Identifier: MIT
 *
 * What a call across the plugin API answered, and the one struct in which a failure is told.
 *
 * A status says who has to act. Its range, the bits above the lowest twelve, is the part that decides a
 * mail's fate, so a value that a later minor version adds still does the right thing in an older host:
 *
 *   0x0000  it worked, or a definite answer that is no failure ("not there", "somebody else was first")
 *   0x1000  temporary: trouble on our side; the mail waits
 *   0x2000  permanent: the sender has to act; only the values listed here are ever permanent
 *   0x3000  a bug in the plugin; the mail waits
 *
 * Whatever is in no range, or is unknown inside the permanent one, counts as temporary: in doubt, mail waits.
 *
 * Memory: a pigeon_error is the caller's, and holds its texts itself; the callee writes into it during the
 * call, and keeps no pointer to it. Threads: it belongs to the one call.
 */
#ifndef PIGEON_ABI_STATUS_H
#define PIGEON_ABI_STATUS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
/* Part of every function type: a function that may throw does not convert, so no exception crosses by
 * accident. */
#define PIGEON_NOEXCEPT noexcept
extern "C" {
#else
#define PIGEON_NOEXCEPT
#endif

typedef uint32_t pigeon_status;

#define PIGEON_OK UINT32_C(0x0000)
/* A definite negative answer: what was asked for was proven not to exist. Never said when it could not be
 * read. */
#define PIGEON_NOT_THERE UINT32_C(0x0001)
/* A precondition did not hold; nothing was changed. */
#define PIGEON_CONFLICT UINT32_C(0x0002)

#define PIGEON_TEMPORARY UINT32_C(0x1000)
/* Could not ask: the server, file or network that has the answer was not reached, or answered in part. */
#define PIGEON_UNAVAILABLE UINT32_C(0x1001)
/* The call's deadline passed. */
#define PIGEON_TIMEOUT UINT32_C(0x1002)
/* Somebody else holds it right now. */
#define PIGEON_BUSY UINT32_C(0x1003)
/* A disk, a table or a quota that the administrator calls temporary is full. */
#define PIGEON_NO_SPACE UINT32_C(0x1004)
/* The configuration, the tree or the file system is not as it must be; an administrator has to act. */
#define PIGEON_MISCONFIGURED UINT32_C(0x1005)

/* The recipient was proven unknown. */
#define PIGEON_UNKNOWN_RECIPIENT UINT32_C(0x2001)
/* Refused by policy, or over a quota that the administrator wants to be permanent. */
#define PIGEON_REFUSED UINT32_C(0x2002)
/* The message itself is refused, for its size or its form. */
#define PIGEON_MESSAGE_REFUSED UINT32_C(0x2003)

#define PIGEON_BUG UINT32_C(0x3000)
/* The plugin does not offer this operation, or not in this form. */
#define PIGEON_UNSUPPORTED UINT32_C(0x3001)

#define PIGEON_STATUS_RANGE(status) ((status) & ~UINT32_C(0x0fff))

/* The call failed, but what it should do may have been done: a connection lost before the answer, a directory
 * that could not be flushed after a rename. Whoever retries must be ready to find it done. */
#define PIGEON_ERROR_MAY_HAVE_HAPPENED UINT32_C(0x1)

/* One failure. The caller allocates it, sets `size` and zeroes the rest before each call; the callee fills it
 * when it answers anything but 0x0000 to 0x0fff. Texts are UTF-8, one line, terminated by NUL, cut where they
 * do not fit.
 *
 * dsn      the status of RFC 3463, section 2: class.subject.detail, the class 4 with a temporary status and 5
 *          with a permanent one; all zero lets the host choose one that fits the status
 * reason   one line for the sender, who is a stranger: no path, no host, no query
 * detail   one line for the log: what was tried, on what, and what the system said
 * remedy   one line for the administrator: what to do next
 */
typedef struct pigeon_error {
  uint32_t size;
  pigeon_status status;
  uint32_t flags;
  uint16_t dsn_class;
  uint16_t dsn_subject;
  uint16_t dsn_detail;
  uint16_t reserved;
  char reason[132];
  char detail[1024];
  char remedy[512];
} pigeon_error;

#ifdef __cplusplus
}
#endif
#endif
