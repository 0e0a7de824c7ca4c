/* SPDX-License-Identifier: MIT
 *
 * An MDA: a storage format.
 *
 * A principal's mailbox is fixed by its allocation: `id`, which the host chose and nothing else ever gets,
 * and the attributes that `propose` computed. The allocation stands in the tree; `ensure` makes it real and
 * stamps it with the id. Storing is durable when `deliver` answers, and happens once per delivery id.
 *
 * A mailbox that should be there and is not, that bears another id or none, or whose base is not marked as
 * ours (a file system that is not mounted) is temporary trouble. It is never made anew by `deliver`.
 *
 * Memory: allocations, deliveries and what they point to are lent by the host until the call returns; only
 * the receipts, and the errors that they point to, are written to. What is given to a sink is lent by the MDA
 * until the sink returns. Threads: a sink is called from the thread of the call, before that returns;
 * instances in other threads and other processes use the same mailbox at the same moment. Time: deadlines are
 * absolute, in nanoseconds of CLOCK_MONOTONIC. Sizes are in bytes.
 *
 * Errors: trouble with a disk, a limit, a permission or the tree is temporary. PIGEON_REFUSED is for a quota
 * that the administrator wants to be permanent, PIGEON_MESSAGE_REFUSED for what the format cannot hold. Where
 * the message may be there though a step failed, the failure has PIGEON_ERROR_MAY_HAVE_HAPPENED.
 */
#ifndef PIGEON_ABI_MDA_H
#define PIGEON_ABI_MDA_H

#include <pigeon/abi/message.h>
#include <pigeon/abi/object.h>
#include <pigeon/abi/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A capability is set exactly if its function is not NULL; the last one has none. */
#define PIGEON_MDA_LIST UINT32_C(0x1)
#define PIGEON_MDA_ADOPT UINT32_C(0x2)
#define PIGEON_MDA_PURGE UINT32_C(0x4)
#define PIGEON_MDA_READ UINT32_C(0x8)
#define PIGEON_MDA_RETIRE UINT32_C(0x10)
#define PIGEON_MDA_USAGE UINT32_C(0x20)
/* Not a function, but a limit to what is promised: messages are handed over to a server that keeps the
 * mailboxes, and durable means that the server has said so. No mailbox is stamped. A message whose fate the
 * server did not tell (its delivery failed with PIGEON_ERROR_MAY_HAVE_HAPPENED, or the process died) may be
 * there twice after the next attempt. A message that is moved is PIGEON_UNSUPPORTED. */
#define PIGEON_MDA_HANDS_OVER UINT32_C(0x40)

/* Whom the mailbox is for: a user of a domain, or the domain's catch-all, whose `user` is empty. Normalised
 * names, not encoded; they may hold characters that no file name should. */
typedef struct pigeon_principal {
  uint32_t size;
  uint32_t reserved;
  pigeon_string domain;
  pigeon_string user;
} pigeon_principal;

typedef struct pigeon_attribute_sink {
  uint32_t size;
  uint32_t reserved;
  void* context;
  void (*attribute)(void* context, pigeon_string name, pigeon_string value) PIGEON_NOEXCEPT;
} pigeon_attribute_sink;

/* principal: whose it is; for messages, not for finding anything. */
typedef struct pigeon_allocation {
  uint32_t size;
  uint32_t reserved;
  pigeon_principal principal;
  pigeon_string id;
  const pigeon_attribute* attributes;
  size_t attribute_count;
} pigeon_allocation;

/* The message was there already, from an earlier attempt with the same delivery id. */
#define PIGEON_RECEIPT_ALREADY_THERE UINT32_C(0x1)
/* The folder asked for was not there; the message went into the main folder. */
#define PIGEON_RECEIPT_NO_SUCH_FOLDER UINT32_C(0x2)

/* The answer to one delivery. The host allocates it and sets size, status (to PIGEON_BUG: not answered) and
 * error. */
typedef struct pigeon_receipt {
  uint32_t size;
  pigeon_status status;
  uint32_t flags;
  uint32_t reserved;
  pigeon_error* error;
  char stored[256]; /* where, for the log; UTF-8, one line */
} pigeon_receipt;

/* A retry of this delivery will come with the same id, which no other message has: the MTA gave a queue id.
 * Without it, an equal id may be another message that happens to be equal; only an attempt that did not
 * finish is the same. */
#define PIGEON_DELIVERY_ID_IS_UNIQUE UINT32_C(0x1)
/* No new mail: a message that another mailbox held, on its way from there. It keeps when it was received and
 * its marks, no quota refuses it, and its folder is made. The prefix of the message is empty: its fields are
 * in the body, as they were stored. */
#define PIGEON_DELIVERY_IS_MOVED UINT32_C(0x2)

/* What a reader has marked a message with: the system flags of RFC 3501, section 2.3.2. */
#define PIGEON_MARK_SEEN UINT32_C(0x1)
#define PIGEON_MARK_ANSWERED UINT32_C(0x2)
#define PIGEON_MARK_FLAGGED UINT32_C(0x4)
#define PIGEON_MARK_DELETED UINT32_C(0x8)
#define PIGEON_MARK_DRAFT UINT32_C(0x10)

/* One message for one mailbox.
 * id           letters and digits, at most 64
 * preferences  of this principal, defaults filled in
 * folder       the folder wanted, UTF-8 with "/" between levels; empty for the main one
 * received     of a message that is moved: when it came, seconds since 1970, UTC; else 0, which means now
 * marks        of a message that is moved; else 0 */
typedef struct pigeon_delivery {
  uint32_t size;
  uint32_t flags;
  uint64_t deadline;
  pigeon_string id;
  const pigeon_allocation* allocation;
  const pigeon_attribute* preferences;
  size_t preference_count;
  pigeon_string folder;
  const pigeon_envelope* envelope;
  const pigeon_message* message;
  pigeon_receipt* receipt;
  int64_t received;
  uint32_t marks;
  uint32_t reserved;
} pigeon_delivery;

/* One message that a mailbox holds.
 * name   what `read` knows it by, as long as no reader of the mailbox removes it
 * bytes  what `read` gives
 * id     the unique delivery id that it was stored under; empty where the format does not know. A message
 * that is moved is delivered under it again, so that a late retry finds it in its new mailbox as well */
typedef struct pigeon_entry {
  uint32_t size;
  uint32_t marks;
  pigeon_string folder;
  pigeon_string name;
  uint64_t bytes;
  int64_t received; /* seconds since 1970, UTC */
  pigeon_string id;
} pigeon_entry;

typedef struct pigeon_entry_sink {
  uint32_t size;
  uint32_t reserved;
  void* context;
  /* Non-zero means: no more. */
  uint32_t (*entry)(void* context, const pigeon_entry* entry) PIGEON_NOEXCEPT;
} pigeon_entry_sink;

typedef struct pigeon_byte_sink {
  uint32_t size;
  uint32_t reserved;
  void* context;
  /* Non-zero means: no more. */
  uint32_t (*bytes)(void* context, pigeon_string bytes) PIGEON_NOEXCEPT;
} pigeon_byte_sink;

/* How full a mailbox is, as its quota counts. A limit is 0 where there is none. */
typedef struct pigeon_usage {
  uint32_t size;
  uint32_t reserved;
  uint64_t bytes;
  uint64_t messages;
  uint64_t bytes_limit;
  uint64_t messages_limit;
} pigeon_usage;

typedef struct pigeon_mda {
  uint32_t size;
  uint32_t capabilities;

  /* Computes the attributes of an allocation and touches nothing. requests: attributes that the administrator
   * wants to have a certain value. */
  pigeon_status (*propose)(void* instance, const pigeon_principal* principal,
                           const pigeon_attribute* requests, size_t request_count,
                           const pigeon_attribute_sink* sink, pigeon_error* error) PIGEON_NOEXCEPT;

  /* Makes the allocation real, durably, and stamps it. Idempotent; any number of processes may do it at once,
   * and any of them may die at any step. A mailbox without a stamp that is already there is refused. */
  pigeon_status (*ensure)(void* instance, const pigeon_allocation* allocation, uint64_t deadline,
                          pigeon_error* error) PIGEON_NOEXCEPT;

  /* Stores every delivery of the batch and answers each in its receipt: what one of them meets does not touch
   * the others. On return everything that was answered PIGEON_OK is durable. */
  void (*deliver)(void* instance, const pigeon_delivery* const* deliveries, size_t count) PIGEON_NOEXCEPT;

  /* What the mailbox holds, folder by folder. Also of one that is retired; and, where the allocation has no
   * id, of one that another program made: its attribute "home" is then an absolute path that an administrator
   * gave, no stamp and no mark is asked for, and nothing is written. PIGEON_UNSUPPORTED: this format has no
   * such. */
  pigeon_status (*list)(void* instance, const pigeon_allocation* allocation, uint64_t deadline,
                        const pigeon_entry_sink* sink, pigeon_error* error) PIGEON_NOEXCEPT;

  /* Stamps a mailbox that is there without a stamp, made by another program or before, or that was retired
   * under this id; as ensure otherwise. */
  pigeon_status (*adopt)(void* instance, const pigeon_allocation* allocation, uint64_t deadline,
                         pigeon_error* error) PIGEON_NOEXCEPT;

  /* Deletes the mailbox and all mail in it. The only function that deletes mail. Idempotent. */
  pigeon_status (*purge)(void* instance, const pigeon_allocation* allocation, uint64_t deadline,
                         pigeon_error* error) PIGEON_NOEXCEPT;

  /* Gives one message of those that `list` shows, in pieces: exactly what was delivered, its prefix and its
   * body, with whatever the format did to it undone. PIGEON_NOT_THERE: a reader has removed it. The
   * allocation may be any that `list` takes. */
  pigeon_status (*read)(void* instance, const pigeon_allocation* allocation, pigeon_string folder,
                        pigeon_string name, uint64_t deadline, const pigeon_byte_sink* sink,
                        pigeon_error* error) PIGEON_NOEXCEPT;

  /* Ends the mailbox, durably: its stamp is worth nothing any more, the mail stays. On return no delivery is
   * under way, and each that comes, with whatever it read from the tree before, is temporary trouble: so what
   * the mailbox holds then is all that it will ever hold. Waits for deliveries that are under way, within the
   * deadline. `list`, `read` and `purge` still work; `adopt` takes it back. Idempotent. */
  pigeon_status (*retire)(void* instance, const pigeon_allocation* allocation, uint64_t deadline,
                          pigeon_error* error) PIGEON_NOEXCEPT;

  /* How full the mailbox is. recount: not 0 to count what is there, and correct what was noted. usage: the
   * caller's; its size is set, and the rest is filled in. */
  pigeon_status (*usage)(void* instance, const pigeon_allocation* allocation,
                         const pigeon_attribute* preferences, size_t preference_count, uint32_t recount,
                         uint64_t deadline, pigeon_usage* usage, pigeon_error* error) PIGEON_NOEXCEPT;
} pigeon_mda;

#ifdef __cplusplus
}
#endif
#endif
