/* SPDX-License-Identifier: MIT
 *
 * A module: one step of a delivery. It knows its own object and nothing of other modules.
 *
 * The host's mailMaster runs the modules of a recipient one after the other. A module answers with an
 * outcome, or fails. Once a module has taken responsibility for the message, later failures are logged and
 * change nothing; so what must have happened before the message is stored belongs into a module that stands
 * before the one that stores.
 *
 * Memory: what a module is given is lent until `run` returns, what it gives to a service until that returns.
 * Threads: an instance runs in one thread at a time, different ones at once. Time: the deadline is absolute,
 * in nanoseconds of CLOCK_MONOTONIC; services end by it.
 *
 * Errors: a service that fails fills the `error` that it was given. A module that cannot do without the
 * answer fails with the same status, and may pass the error on as it is; it makes no failure of the host
 * permanent.
 */
#ifndef PIGEON_ABI_MODULE_H
#define PIGEON_ABI_MODULE_H

#include <pigeon/abi/datatree.h>
#include <pigeon/abi/message.h>
#include <pigeon/abi/object.h>
#include <pigeon/abi/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/* This module may answer PIGEON_OUTCOME_TAKEN or PIGEON_OUTCOME_DONE. */
#define PIGEON_MODULE_TAKES UINT32_C(0x1)
/* This module may find the user, by `set_principal`. Such modules stand first in the configured order. */
#define PIGEON_MODULE_FINDS_USER UINT32_C(0x2)

#define PIGEON_OUTCOME_GO_ON UINT32_C(0) /* nothing is decided; the next module runs */
#define PIGEON_OUTCOME_TAKEN \
  UINT32_C(1) /* stored, forwarded, or discarded by an explicit rule; the next one runs */
#define PIGEON_OUTCOME_DONE UINT32_C(2) /* taken, and no other module runs */

/* One step still to come: the module's name and the object that configures it. A step that is not enabled
 * does not run, but that somebody switched it off is remembered. */
typedef struct pigeon_step {
  pigeon_string module;
  const pigeon_object* object;
  uint32_t enabled;
  uint32_t reserved;
} pigeon_step;

/* Nothing may have an effect outside the process: the services below only tell what they would do. */
#define PIGEON_RUN_DRY UINT32_C(0x1)

/* What a module is given for one delivery, and what it may ask of the host. Valid until `run` returns; the
 * functions are called from the thread that runs the module.
 *
 * object     this module's object, the one that won where two levels have one
 * domain     the recipient's domain and the objects one level below it
 * principal  who owns the mailbox: a user, or the domain for its catch-all; NULL while nobody was found
 * order      the configured order of the modules after this one
 */
typedef struct pigeon_run {
  uint32_t size;
  uint32_t flags;
  uint64_t deadline;
  const pigeon_envelope* envelope;
  const pigeon_message* message;
  const pigeon_object* object;
  const pigeon_slice* domain;
  const pigeon_slice* principal;
  const pigeon_string* order;
  size_t order_count;
  void* context;

  /* Reads below the module's own object: `name` is the name (not encoded) of an object directly below it;
   * empty for the object itself. As pigeon_datatree.fetch. */
  pigeon_status (*fetch)(void* context, pigeon_string name, uint32_t depth, const pigeon_object_sink* sink,
                         pigeon_error* error) PIGEON_NOEXCEPT;

  /* Only for PIGEON_MODULE_FINDS_USER: this user is the recipient. A second call is an error. */
  pigeon_status (*set_principal)(void* context, const pigeon_slice* user,
                                 pigeon_error* error) PIGEON_NOEXCEPT;

  /* Replaces everything that is still to come after this module. */
  pigeon_status (*replace_steps)(void* context, const pigeon_step* steps, size_t step_count,
                                 pigeon_error* error) PIGEON_NOEXCEPT;

  /* Sees to it that the principal has a mailbox of this MDA's format: the allocation that is in the tree, or
   * one that the creator gets committed, made real and marked as ready. When it is there already, does
   * nothing. */
  pigeon_status (*allocate)(void* context, pigeon_string creator, pigeon_string mda,
                            pigeon_error* error) PIGEON_NOEXCEPT;

  /* Stores the message in the principal's mailbox, durably, once per delivery id. REQUIRES: allocate has
   * answered PIGEON_OK for this MDA. folder: empty for the main folder. */
  pigeon_status (*store)(void* context, pigeon_string mda, pigeon_string folder,
                         pigeon_error* error) PIGEON_NOEXCEPT;

  /* One line about what this module decided and why, for whoever asked for an explanation. */
  void (*explain)(void* context, pigeon_string line) PIGEON_NOEXCEPT;
} pigeon_run;

typedef struct pigeon_module {
  uint32_t size;
  uint32_t flags;
  /* *outcome counts only with PIGEON_OK. */
  pigeon_status (*run)(void* instance, const pigeon_run* run, uint32_t* outcome,
                       pigeon_error* error) PIGEON_NOEXCEPT;
} pigeon_module;

#ifdef __cplusplus
}
#endif
#endif
