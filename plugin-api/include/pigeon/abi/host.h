/* SPDX-License-Identifier: MIT
 *
 * What the host gives to every instance of a plugin, of whatever kind.
 *
 * Memory: lent; each struct says until when. Whoever needs a setting later copies it.
 */
#ifndef PIGEON_ABI_HOST_H
#define PIGEON_ABI_HOST_H

#include <pigeon/abi/object.h>
#include <pigeon/abi/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The severities of RFC 5424, section 6.2.1. */
#define PIGEON_LOG_ERROR UINT32_C(3)
#define PIGEON_LOG_WARNING UINT32_C(4)
#define PIGEON_LOG_INFO UINT32_C(6)
#define PIGEON_LOG_DEBUG UINT32_C(7)

/* Valid from the `open` it is given to until the matching `close` has returned. */
typedef struct pigeon_host {
  uint32_t size;
  uint32_t minor; /* the host's PIGEON_API_MINOR */
  void* context;
  /* Writes one record, under the plugin's name. Control characters are escaped by the host. From any thread,
   * also during open and close. The message is lent until this returns. There is no failure that a plugin
   * could act on. */
  void (*log)(void* context, uint32_t level, pigeon_string message) PIGEON_NOEXCEPT;
} pigeon_host;

/* The plugin's own section of the configuration file, checked against the declared settings: no name that was
 * not declared, every value of its type, paths absolute, defaults filled in. Valid until `open` returns. */
typedef struct pigeon_settings {
  uint32_t size;
  uint32_t reserved;
  const pigeon_attribute* settings;
  size_t setting_count;
} pigeon_settings;

#ifdef __cplusplus
}
#endif
#endif
