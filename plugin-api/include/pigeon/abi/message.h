/* SPDX-License-Identifier: MIT
 *
 * The message being delivered and its envelope, as modules and MDAs see them.
 *
 * Memory: lent, until the call returns to which it was given, and read only. Threads: any may read it until
 * then. Sizes are in bytes.
 */
#ifndef PIGEON_ABI_MESSAGE_H
#define PIGEON_ABI_MESSAGE_H

#include <pigeon/abi/object.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The body is a shared mapping of a file: whoever has read a part of it may give its pages back to the system
 * with madvise(MADV_DONTNEED), so that a large message needs little memory. Without this flag that would
 * destroy it. */
#define PIGEON_MESSAGE_MAPPED UINT32_C(0x1)

/* A message is its prefix, then its body, byte for byte. It does not change during a call.
 *
 * prefix  the fields that this delivery adds (Return-Path of RFC 5321, section 4.4, Delivered-To, ...), each
 *         with its line end
 * body    everything else: header and text as the MTA gave them, without this hop's own fields; one read-only
 *         mapping, which may be larger than memory
 */
typedef struct pigeon_message {
  uint32_t size;
  uint32_t flags;
  const pigeon_string* prefix;
  size_t prefix_count;
  pigeon_string body;
} pigeon_message;

/* Strings are free of control characters; `sender` and `original_recipient` are otherwise as the MTA gave
 * them, the other addresses are normalised: the domain in lower case and A-labels (RFC 5890,
 * section 2.3.2.1), the local part folded if configured.
 *
 * sender              empty for the null sender (RFC 5321, section 4.5.5)
 * recipient           local part, "@", domain
 * original_recipient  the address before the MTA rewrote it; empty if it is not known
 * local_part          whole, with its detail
 * user                the local part without its detail
 * detail              what follows the delimiter (RFC 5233, section 4); empty if there is none
 * folder              the folder that the MTA asked for; empty for none
 * queue_id            the MTA's; empty if it gave none
 */
typedef struct pigeon_envelope {
  uint32_t size;
  uint32_t reserved;
  pigeon_string sender;
  pigeon_string recipient;
  pigeon_string original_recipient;
  pigeon_string local_part;
  pigeon_string user;
  pigeon_string detail;
  pigeon_string domain;
  pigeon_string folder;
  pigeon_string queue_id;
} pigeon_envelope;

#ifdef __cplusplus
}
#endif
#endif
