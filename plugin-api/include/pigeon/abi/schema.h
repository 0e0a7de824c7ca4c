/* SPDX-License-Identifier: MIT
 *
 * What a plugin declares: the classes it reads from the tree and the settings it takes from the configuration
 * file. Constant data in the descriptor. From this one source come the tables and schemas of the backends,
 * the checks of pigeonctl, and the settings in the manual pages.
 *
 * Memory: constant, as long as the process. Threads: read by any, at any time. Names of classes and
 * attributes are key strings (RFC 4512, section 1.4), and compare without ASCII case.
 */
#ifndef PIGEON_ABI_SCHEMA_H
#define PIGEON_ABI_SCHEMA_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How a value is written. The host checks it before the plugin sees it. */
#define PIGEON_TYPE_TEXT UINT32_C(0)
#define PIGEON_TYPE_BOOLEAN UINT32_C(1)  /* TRUE or FALSE */
#define PIGEON_TYPE_INTEGER UINT32_C(2)  /* decimal, 0 to 2^63 - 1 */
#define PIGEON_TYPE_SIZE UINT32_C(3)     /* bytes; k, M, G, T multiply by 1024 */
#define PIGEON_TYPE_DURATION UINT32_C(4) /* seconds; ms, s, m, h, d, w are units */
#define PIGEON_TYPE_CHOICE UINT32_C(5)   /* one of `choices` */
#define PIGEON_TYPE_PATH \
  UINT32_C(6) /* settings only; relative to the configuration file, given as absolute */

/* More than one value. */
#define PIGEON_DECLARATION_MULTI UINT32_C(0x1)
#define PIGEON_DECLARATION_MANDATORY UINT32_C(0x2)
/* Fixed once per principal, never a preference. In an MDA's class of settings such an attribute is a request:
 * it is copied into the allocation when that is made, and stands on a user's own object only. */
#define PIGEON_DECLARATION_ALLOCATION UINT32_C(0x4)
/* Never printed, never logged. */
#define PIGEON_DECLARATION_SECRET UINT32_C(0x8)

/* One attribute of a class, or one setting. Strings are UTF-8, terminated by NUL, and last as long as the
 * process.
 *
 * choices        for PIGEON_TYPE_CHOICE: the values, separated by '|'; else NULL
 * default_value  as it would be written; NULL for none
 * meaning        one line, without a full stop
 */
typedef struct pigeon_declaration {
  const char* name;
  uint32_t type;
  uint32_t flags;
  const char* choices;
  const char* default_value;
  const char* meaning;
} pigeon_declaration;

#define PIGEON_CLASS_STRUCTURAL UINT32_C(1)
#define PIGEON_CLASS_AUXILIARY UINT32_C(2)

/* An objectclass. The attributes that every object has (name, enable, force) and those that every allocation
 * has (id, ready) are the tree's own and are not repeated here. Two plugins may declare an attribute of the
 * same name only if the declarations are identical. */
typedef struct pigeon_class {
  const char* name;
  uint32_t kind;
  uint32_t reserved;
  const char* meaning;
  const pigeon_declaration* attributes;
  size_t attribute_count;
} pigeon_class;

/* All classes that a tree may hold: the tree's own and those of every installed plugin. */
typedef struct pigeon_schema {
  uint32_t size;
  uint32_t reserved;
  const pigeon_class* const* classes;
  size_t class_count;
} pigeon_schema;

#ifdef __cplusplus
}
#endif
#endif
