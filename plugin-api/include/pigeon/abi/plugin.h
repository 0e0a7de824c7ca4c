/* SPDX-License-Identifier: MIT
 *
 * Start here: what a PigeonDeliver plugin is.
 *
 * A plugin is one shared object. The stem of its file name is its name, and for a module, an MDA or a creator
 * also the objectclass it serves: mailVacation.so serves objects of class mailVacation. It exports one
 * symbol, the constant descriptor `pigeon_plugin_v0`, and carries one ELF note, which the host reads before
 * it maps the file.
 *
 * Names are key strings (RFC 4512, section 1.4) of at most 63 characters: a letter, then letters, digits and
 * hyphens. The kind shows in the name: datatree-*, mda-*, creator-*; a module has none of these prefixes.
 *
 * Versions: the major number is part of the symbol's name and must be equal; a plugin's minor must not be
 * greater than the host's. Structs that begin with `size` grow at their end; a reader must not touch what
 * lies beyond the writer's size. The other structs never change within a major version.
 *
 * Life:
 * - load, unload: at most once per process, before the first open and after the last close. Either may be
 *   NULL. A load that fails leaves nothing behind and may be tried again.
 * - open, close: once per instance. An instance is used by one thread at a time; another thread opens its
 *   own.
 * - initialize: by an administrator's command only. Makes what the instance needs (a database, a base
 *   directory) and touches nothing that is there. NULL if there is nothing to make.
 * - check: by an administrator's command only. Tells whether what the instance needs is there and usable, and
 *   changes nothing. NULL if there is nothing to check.
 * The file is never unmapped.
 *
 * Memory: the descriptor and all that it points to is constant, and lasts as long as the process. An instance
 * is the plugin's own, from open to close; the host never looks into it. What is lent is described in
 * object.h.
 *
 * Threads: load and unload while no other thread is in the plugin. Different instances are used by different
 * threads at once; what they share, the plugin guards.
 *
 * Errors: as status.h says. `error` is never NULL.
 *
 * Loading runs nothing: no constructors with effects, no threads. A plugin leaves the process as it was:
 * working directory, umask, locale, environment, signal dispositions, limits, standard descriptors; and it
 * leaves no process behind. It opens descriptors with O_CLOEXEC. It does not print.
 *
 * Time: a call that may wait carries an absolute deadline in nanoseconds of CLOCK_MONOTONIC. The call returns
 * by then. There is no cancel: one second over, the host kills the process.
 */
#ifndef PIGEON_ABI_PLUGIN_H
#define PIGEON_ABI_PLUGIN_H

#include <pigeon/abi/host.h>
#include <pigeon/abi/object.h>
#include <pigeon/abi/schema.h>
#include <pigeon/abi/status.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PIGEON_API_MAJOR UINT32_C(0)
#define PIGEON_API_MINOR UINT32_C(2)

#define PIGEON_KIND_DATATREE UINT32_C(1)
#define PIGEON_KIND_MODULE UINT32_C(2)
#define PIGEON_KIND_MDA UINT32_C(3)
#define PIGEON_KIND_CREATOR UINT32_C(4)

typedef struct pigeon_plugin {
  uint32_t size;
  uint32_t major;
  uint32_t minor; /* the lowest host minor that this plugin can work with */
  uint32_t kind;
  const char* name;
  const char* version; /* of the plugin, for people */
  const char* summary; /* one line, without a full stop */
  const pigeon_class* const* classes;
  size_t class_count;
  const pigeon_declaration* settings;
  size_t setting_count;
  pigeon_status (*load)(pigeon_error* error) PIGEON_NOEXCEPT;
  void (*unload)(void) PIGEON_NOEXCEPT;
  /* On PIGEON_OK *instance is the new instance, which may be NULL; on failure nothing is left to close.
   * Opening does not wait: what needs a server or a file connects in the first call that has a deadline. */
  pigeon_status (*open)(const pigeon_host* host, const pigeon_settings* settings, void** instance,
                        pigeon_error* error) PIGEON_NOEXCEPT;
  void (*close)(void* instance) PIGEON_NOEXCEPT;
  pigeon_status (*initialize)(void* instance, const pigeon_schema* schema, uint64_t deadline,
                              pigeon_error* error) PIGEON_NOEXCEPT;
  pigeon_status (*check)(void* instance, uint64_t deadline, pigeon_error* error) PIGEON_NOEXCEPT;
  /* The operations of the kind: a pigeon_datatree, pigeon_module, pigeon_mda or pigeon_creator. */
  const void* operations;
} pigeon_plugin;

/* The ELF note, in a section named ".note.pigeon", owner "Pigeon", type 1. The host refuses a file without
 * it, and one whose note disagrees with the descriptor. */
#define PIGEON_NOTE_OWNER "Pigeon"
#define PIGEON_NOTE_TYPE UINT32_C(1)

typedef struct pigeon_note {
  uint32_t owner_size;
  uint32_t description_size;
  uint32_t type;
  char owner[8];
  uint32_t major;
  uint32_t minor;
  uint32_t kind;
} pigeon_note;

#define PIGEON_EXPORT __attribute__((visibility("default")))

/* Once, at file scope, in one source of each plugin. */
#define PIGEON_PLUGIN_NOTE(kind_)                                                                            \
  __attribute__((section(".note.pigeon"), used, aligned(4))) static const pigeon_note pigeon_plugin_note = { \
      7, 12, PIGEON_NOTE_TYPE, PIGEON_NOTE_OWNER, PIGEON_API_MAJOR, PIGEON_API_MINOR, (kind_)}

/* The one exported symbol. */
PIGEON_EXPORT extern const pigeon_plugin pigeon_plugin_v0;

#ifdef __cplusplus
}
#endif
#endif
