/* SPDX-License-Identifier: MIT
 *
 * A creator: a strategy for getting a principal's allocation into the tree exactly once, however many hosts
 * and processes deliver the first mail at the same moment.
 *
 * Memory: `allocating` is lent until `obtain` returns. Threads: its functions are called from the thread of
 * the call. Time: the deadline is absolute, in nanoseconds of CLOCK_MONOTONIC; a lease is a length, in
 * nanoseconds.
 *
 * Errors: an operation that fails fills the `error` that it was given. A creator that cannot go on fails with
 * the same status; it makes no failure permanent, and never answers PIGEON_OK without an allocation.
 */
#ifndef PIGEON_ABI_CREATOR_H
#define PIGEON_ABI_CREATOR_H

#include <pigeon/abi/status.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PIGEON_COMMIT_ALWAYS UINT32_C(0)    /* overwrites; no promise under races */
#define PIGEON_COMMIT_IF_ABSENT UINT32_C(1) /* only if the principal has no allocation of any format */
#define PIGEON_COMMIT_LOCKED \
  UINT32_C(2) /* as IF_ABSENT, and only while the lock taken by `lock` is still held */

/* The host's operations, bound to one principal and one MDA. Valid until `obtain` returns. */
typedef struct pigeon_allocating {
  uint32_t size;
  uint32_t reserved;
  uint64_t deadline;
  void* context;

  /* PIGEON_OK: an allocation is in the tree, and the host has it; there is nothing more to do.
   * PIGEON_NOT_THERE: there is none. Reads from where writes go. */
  pigeon_status (*read)(void* context, pigeon_error* error) PIGEON_NOEXCEPT;

  /* Has the MDA compute an allocation, under a new id. Nothing is written. */
  pigeon_status (*propose)(void* context, pigeon_error* error) PIGEON_NOEXCEPT;

  /* Writes the proposed allocation into the tree. PIGEON_CONFLICT: the condition did not hold. */
  pigeon_status (*commit)(void* context, uint32_t condition, pigeon_error* error) PIGEON_NOEXCEPT;

  /* The principal's lock in the tree, a lease of so many nanoseconds, which must be less than a quarter of
   * the time between now and the deadline. PIGEON_UNSUPPORTED: this datatree has no locks. */
  pigeon_status (*lock)(void* context, uint64_t lease, pigeon_error* error) PIGEON_NOEXCEPT;
  pigeon_status (*unlock)(void* context, pigeon_error* error) PIGEON_NOEXCEPT;
} pigeon_allocating;

typedef struct pigeon_creator {
  uint32_t size;
  uint32_t reserved;
  /* On PIGEON_OK the host has the principal's allocation: one that `read` found or that `commit` wrote. */
  pigeon_status (*obtain)(void* instance, const pigeon_allocating* allocating,
                          pigeon_error* error) PIGEON_NOEXCEPT;
} pigeon_creator;

#ifdef __cplusplus
}
#endif
#endif
