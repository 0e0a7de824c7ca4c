/* SPDX-License-Identifier: MIT
 *
 * Strings and the objects of the datatree, as they cross the plugin API.
 *
 * Memory: everything here is lent by the caller and is valid until the call returns, unless a header says
 * longer. It is read only: it may stand in memory that cannot be written. Nobody frees what the other side
 * allocated. Threads: what is lent may be read by any thread until the call returns. Sizes are in bytes.
 */
#ifndef PIGEON_ABI_OBJECT_H
#define PIGEON_ABI_OBJECT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* `size` bytes at `data`, which may hold any value and are not terminated. data may be NULL when size is 0.
 */
typedef struct pigeon_string {
  const char* data;
  size_t size;
} pigeon_string;

/* A property: a name, which compares without ASCII case, and its set of values, in no order. Each value is
 * non-empty UTF-8 (RFC 3629). Also used for the settings of a plugin, whose values keep the order of the
 * configuration file. */
typedef struct pigeon_attribute {
  pigeon_string name;
  const pigeon_string* values;
  size_t value_count;
} pigeon_attribute;

/* An object of the tree.
 *
 * path         canonical: "/" for the root, else "/" before each name from the top. In a name, "%", "/",
 *              DEL and the bytes up to and including the blank are written as "%" and two upper-case
 *              hexadecimal digits (as RFC 3986, section 2.1, has them); all others stand for themselves.
 *              What a backend calls an alias has been resolved.
 * alias        empty, or the path that led here through an alias, as the backend spells it: the host
 *              compares it, to the octet, with what it asked for
 * objectclass  the one structural class
 * auxiliary    the auxiliary classes, in no order
 */
typedef struct pigeon_object {
  uint32_t size;
  uint32_t reserved;
  pigeon_string path;
  pigeon_string alias;
  pigeon_string objectclass;
  const pigeon_string* auxiliary;
  size_t auxiliary_count;
  const pigeon_attribute* attributes;
  size_t attribute_count;
} pigeon_object;

/* An object and the objects one level below it. */
typedef struct pigeon_slice {
  uint32_t size;
  uint32_t reserved;
  const pigeon_object* object;
  const pigeon_object* const* children;
  size_t child_count;
} pigeon_slice;

#ifdef __cplusplus
}
#endif
#endif
