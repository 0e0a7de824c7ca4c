/* SPDX-License-Identifier: MIT
 *
 * The ABI of plugin API 0, as every plugin that was built against it relies on it. Written by lock.py; see
 * there for when it may change. A line that fails means that plugins break.
 */
/* clang-format off */
#include <pigeon/abi/creator.h>
#include <pigeon/abi/datatree.h>
#include <pigeon/abi/host.h>
#include <pigeon/abi/mda.h>
#include <pigeon/abi/message.h>
#include <pigeon/abi/module.h>
#include <pigeon/abi/object.h>
#include <pigeon/abi/plugin.h>
#include <pigeon/abi/schema.h>
#include <pigeon/abi/status.h>

#include <stddef.h>

#define CONSTANT(name, value) \
  _Static_assert((name) == (value) && _Generic((name), uint32_t : 1, default : 0), #name)
#define TYPE(type, field, ...) \
  _Static_assert(_Generic(&((type*)0)->field, __VA_ARGS__ : 1, default : 0), #type "." #field)
#define OFFSET(type, field, value) _Static_assert(offsetof(type, field) == (value), #type "." #field)
/* A struct that begins with its size may grow at its end. */
#define GROWS(type, value) _Static_assert(sizeof(type) >= (value), #type)
#define FIXED(type, value) _Static_assert(sizeof(type) == (value), #type)

_Static_assert(_Generic((pigeon_status*)0, uint32_t * : 1, default : 0), "pigeon_status");
_Static_assert(_Generic(&pigeon_plugin_v0, const pigeon_plugin* : 1, default : 0), "pigeon_plugin_v0");
_Static_assert(PIGEON_STATUS_RANGE(UINT32_C(0x2fff)) == 0x2000, "PIGEON_STATUS_RANGE");

CONSTANT(PIGEON_COMMIT_ALWAYS, 0x0);
CONSTANT(PIGEON_COMMIT_IF_ABSENT, 0x1);
CONSTANT(PIGEON_COMMIT_LOCKED, 0x2);
CONSTANT(PIGEON_DATATREE_CHILDREN, 0x1);
CONSTANT(PIGEON_DATATREE_APPLY, 0x2);
CONSTANT(PIGEON_DATATREE_LOCK, 0x4);
CONSTANT(PIGEON_DATATREE_APPLY_ALL, 0x8);
CONSTANT(PIGEON_DATATREE_PRINT_SCHEMA, 0x10);
CONSTANT(PIGEON_FETCH_AUTHORITATIVE, 0x1);
CONSTANT(PIGEON_CHANGE_CREATE, 0x1);
CONSTANT(PIGEON_CHANGE_REMOVE, 0x2);
CONSTANT(PIGEON_CHANGE_ADD_CLASS, 0x3);
CONSTANT(PIGEON_CHANGE_REMOVE_CLASS, 0x4);
CONSTANT(PIGEON_CHANGE_SET, 0x5);
CONSTANT(PIGEON_IF_OBJECT_ABSENT, 0x1);
CONSTANT(PIGEON_IF_ATTRIBUTE_ABSENT, 0x2);
CONSTANT(PIGEON_IF_ATTRIBUTE_EQUAL, 0x3);
CONSTANT(PIGEON_LOG_ERROR, 0x3);
CONSTANT(PIGEON_LOG_WARNING, 0x4);
CONSTANT(PIGEON_LOG_INFO, 0x6);
CONSTANT(PIGEON_LOG_DEBUG, 0x7);
CONSTANT(PIGEON_MDA_LIST, 0x1);
CONSTANT(PIGEON_MDA_ADOPT, 0x2);
CONSTANT(PIGEON_MDA_PURGE, 0x4);
CONSTANT(PIGEON_MDA_READ, 0x8);
CONSTANT(PIGEON_MDA_RETIRE, 0x10);
CONSTANT(PIGEON_MDA_USAGE, 0x20);
CONSTANT(PIGEON_MDA_HANDS_OVER, 0x40);
CONSTANT(PIGEON_RECEIPT_ALREADY_THERE, 0x1);
CONSTANT(PIGEON_RECEIPT_NO_SUCH_FOLDER, 0x2);
CONSTANT(PIGEON_DELIVERY_ID_IS_UNIQUE, 0x1);
CONSTANT(PIGEON_DELIVERY_IS_MOVED, 0x2);
CONSTANT(PIGEON_MARK_SEEN, 0x1);
CONSTANT(PIGEON_MARK_ANSWERED, 0x2);
CONSTANT(PIGEON_MARK_FLAGGED, 0x4);
CONSTANT(PIGEON_MARK_DELETED, 0x8);
CONSTANT(PIGEON_MARK_DRAFT, 0x10);
CONSTANT(PIGEON_MESSAGE_MAPPED, 0x1);
CONSTANT(PIGEON_MODULE_TAKES, 0x1);
CONSTANT(PIGEON_MODULE_FINDS_USER, 0x2);
CONSTANT(PIGEON_OUTCOME_GO_ON, 0x0);
CONSTANT(PIGEON_OUTCOME_TAKEN, 0x1);
CONSTANT(PIGEON_OUTCOME_DONE, 0x2);
CONSTANT(PIGEON_RUN_DRY, 0x1);
CONSTANT(PIGEON_API_MAJOR, 0x0);
CONSTANT(PIGEON_API_MINOR, 0x2);
CONSTANT(PIGEON_KIND_DATATREE, 0x1);
CONSTANT(PIGEON_KIND_MODULE, 0x2);
CONSTANT(PIGEON_KIND_MDA, 0x3);
CONSTANT(PIGEON_KIND_CREATOR, 0x4);
CONSTANT(PIGEON_NOTE_TYPE, 0x1);
CONSTANT(PIGEON_TYPE_TEXT, 0x0);
CONSTANT(PIGEON_TYPE_BOOLEAN, 0x1);
CONSTANT(PIGEON_TYPE_INTEGER, 0x2);
CONSTANT(PIGEON_TYPE_SIZE, 0x3);
CONSTANT(PIGEON_TYPE_DURATION, 0x4);
CONSTANT(PIGEON_TYPE_CHOICE, 0x5);
CONSTANT(PIGEON_TYPE_PATH, 0x6);
CONSTANT(PIGEON_DECLARATION_MULTI, 0x1);
CONSTANT(PIGEON_DECLARATION_MANDATORY, 0x2);
CONSTANT(PIGEON_DECLARATION_ALLOCATION, 0x4);
CONSTANT(PIGEON_DECLARATION_SECRET, 0x8);
CONSTANT(PIGEON_CLASS_STRUCTURAL, 0x1);
CONSTANT(PIGEON_CLASS_AUXILIARY, 0x2);
CONSTANT(PIGEON_OK, 0x0);
CONSTANT(PIGEON_NOT_THERE, 0x1);
CONSTANT(PIGEON_CONFLICT, 0x2);
CONSTANT(PIGEON_TEMPORARY, 0x1000);
CONSTANT(PIGEON_UNAVAILABLE, 0x1001);
CONSTANT(PIGEON_TIMEOUT, 0x1002);
CONSTANT(PIGEON_BUSY, 0x1003);
CONSTANT(PIGEON_NO_SPACE, 0x1004);
CONSTANT(PIGEON_MISCONFIGURED, 0x1005);
CONSTANT(PIGEON_UNKNOWN_RECIPIENT, 0x2001);
CONSTANT(PIGEON_REFUSED, 0x2002);
CONSTANT(PIGEON_MESSAGE_REFUSED, 0x2003);
CONSTANT(PIGEON_BUG, 0x3000);
CONSTANT(PIGEON_UNSUPPORTED, 0x3001);
CONSTANT(PIGEON_ERROR_MAY_HAVE_HAPPENED, 0x1);
_Static_assert(__builtin_strcmp(PIGEON_NOTE_OWNER, "Pigeon") == 0, "PIGEON_NOTE_OWNER");

TYPE(pigeon_allocating, size, uint32_t*);
TYPE(pigeon_allocating, reserved, uint32_t*);
TYPE(pigeon_allocating, deadline, uint64_t*);
TYPE(pigeon_allocating, context, void**);
TYPE(pigeon_allocating, read, pigeon_status (**)(void* context, pigeon_error* error));
TYPE(pigeon_allocating, propose, pigeon_status (**)(void* context, pigeon_error* error));
TYPE(pigeon_allocating, commit, pigeon_status (**)(void* context, uint32_t condition, pigeon_error* error));
TYPE(pigeon_allocating, lock, pigeon_status (**)(void* context, uint64_t lease, pigeon_error* error));
TYPE(pigeon_allocating, unlock, pigeon_status (**)(void* context, pigeon_error* error));

TYPE(pigeon_creator, size, uint32_t*);
TYPE(pigeon_creator, reserved, uint32_t*);
TYPE(pigeon_creator, obtain, pigeon_status (**)(void* instance, const pigeon_allocating* allocating, pigeon_error* error));

TYPE(pigeon_object_sink, size, uint32_t*);
TYPE(pigeon_object_sink, reserved, uint32_t*);
TYPE(pigeon_object_sink, context, void**);
TYPE(pigeon_object_sink, object, uint32_t (**)(void* context, const pigeon_object* object));

TYPE(pigeon_text_sink, size, uint32_t*);
TYPE(pigeon_text_sink, reserved, uint32_t*);
TYPE(pigeon_text_sink, context, void**);
TYPE(pigeon_text_sink, text, void (**)(void* context, pigeon_string text));

TYPE(pigeon_fetch, size, uint32_t*);
TYPE(pigeon_fetch, flags, uint32_t*);
TYPE(pigeon_fetch, deadline, uint64_t*);
TYPE(pigeon_fetch, path, pigeon_string*);
TYPE(pigeon_fetch, depth, uint32_t*);
TYPE(pigeon_fetch, reserved, uint32_t*);

TYPE(pigeon_page, size, uint32_t*);
TYPE(pigeon_page, limit, uint32_t*);
TYPE(pigeon_page, deadline, uint64_t*);
TYPE(pigeon_page, path, pigeon_string*);
TYPE(pigeon_page, after, pigeon_string*);

TYPE(pigeon_change, kind, uint32_t*);
TYPE(pigeon_change, reserved, uint32_t*);
TYPE(pigeon_change, name, pigeon_string*);
TYPE(pigeon_change, values, const pigeon_string**);
TYPE(pigeon_change, value_count, size_t*);

TYPE(pigeon_precondition, kind, uint32_t*);
TYPE(pigeon_precondition, reserved, uint32_t*);
TYPE(pigeon_precondition, name, pigeon_string*);
TYPE(pigeon_precondition, value, pigeon_string*);

TYPE(pigeon_token, size, uint32_t*);
TYPE(pigeon_token, length, uint32_t*);
TYPE(pigeon_token, bytes, char (*)[64]);

TYPE(pigeon_update, size, uint32_t*);
TYPE(pigeon_update, reserved, uint32_t*);
TYPE(pigeon_update, deadline, uint64_t*);
TYPE(pigeon_update, path, pigeon_string*);
TYPE(pigeon_update, changes, const pigeon_change**);
TYPE(pigeon_update, change_count, size_t*);
TYPE(pigeon_update, preconditions, const pigeon_precondition**);
TYPE(pigeon_update, precondition_count, size_t*);
TYPE(pigeon_update, token, const pigeon_token**);

TYPE(pigeon_datatree, size, uint32_t*);
TYPE(pigeon_datatree, capabilities, uint32_t*);
TYPE(pigeon_datatree, fetch, pigeon_status (**)(void* instance, const pigeon_fetch* request, const pigeon_object_sink* sink, pigeon_error* error));
TYPE(pigeon_datatree, children, pigeon_status (**)(void* instance, const pigeon_page* request, const pigeon_object_sink* sink, pigeon_error* error));
TYPE(pigeon_datatree, apply, pigeon_status (**)(void* instance, const pigeon_update* update, pigeon_error* error));
TYPE(pigeon_datatree, apply_all, pigeon_status (**)(void* instance, const pigeon_update* const* updates, size_t count, size_t* failed, pigeon_error* error));
TYPE(pigeon_datatree, lock, pigeon_status (**)(void* instance, pigeon_string path, uint64_t lease, uint64_t deadline, pigeon_token* token, pigeon_error* error));
TYPE(pigeon_datatree, unlock, pigeon_status (**)(void* instance, pigeon_string path, const pigeon_token* token, uint64_t deadline, pigeon_error* error));
TYPE(pigeon_datatree, print_schema, pigeon_status (**)(void* instance, const pigeon_schema* schema, pigeon_string language, const pigeon_text_sink* sink, pigeon_error* error));

TYPE(pigeon_host, size, uint32_t*);
TYPE(pigeon_host, minor, uint32_t*);
TYPE(pigeon_host, context, void**);
TYPE(pigeon_host, log, void (**)(void* context, uint32_t level, pigeon_string message));

TYPE(pigeon_settings, size, uint32_t*);
TYPE(pigeon_settings, reserved, uint32_t*);
TYPE(pigeon_settings, settings, const pigeon_attribute**);
TYPE(pigeon_settings, setting_count, size_t*);

TYPE(pigeon_principal, size, uint32_t*);
TYPE(pigeon_principal, reserved, uint32_t*);
TYPE(pigeon_principal, domain, pigeon_string*);
TYPE(pigeon_principal, user, pigeon_string*);

TYPE(pigeon_attribute_sink, size, uint32_t*);
TYPE(pigeon_attribute_sink, reserved, uint32_t*);
TYPE(pigeon_attribute_sink, context, void**);
TYPE(pigeon_attribute_sink, attribute, void (**)(void* context, pigeon_string name, pigeon_string value));

TYPE(pigeon_allocation, size, uint32_t*);
TYPE(pigeon_allocation, reserved, uint32_t*);
TYPE(pigeon_allocation, principal, pigeon_principal*);
TYPE(pigeon_allocation, id, pigeon_string*);
TYPE(pigeon_allocation, attributes, const pigeon_attribute**);
TYPE(pigeon_allocation, attribute_count, size_t*);

TYPE(pigeon_receipt, size, uint32_t*);
TYPE(pigeon_receipt, status, pigeon_status*);
TYPE(pigeon_receipt, flags, uint32_t*);
TYPE(pigeon_receipt, reserved, uint32_t*);
TYPE(pigeon_receipt, error, pigeon_error**);
TYPE(pigeon_receipt, stored, char (*)[256]);

TYPE(pigeon_delivery, size, uint32_t*);
TYPE(pigeon_delivery, flags, uint32_t*);
TYPE(pigeon_delivery, deadline, uint64_t*);
TYPE(pigeon_delivery, id, pigeon_string*);
TYPE(pigeon_delivery, allocation, const pigeon_allocation**);
TYPE(pigeon_delivery, preferences, const pigeon_attribute**);
TYPE(pigeon_delivery, preference_count, size_t*);
TYPE(pigeon_delivery, folder, pigeon_string*);
TYPE(pigeon_delivery, envelope, const pigeon_envelope**);
TYPE(pigeon_delivery, message, const pigeon_message**);
TYPE(pigeon_delivery, receipt, pigeon_receipt**);
TYPE(pigeon_delivery, received, int64_t*);
TYPE(pigeon_delivery, marks, uint32_t*);
TYPE(pigeon_delivery, reserved, uint32_t*);

TYPE(pigeon_entry, size, uint32_t*);
TYPE(pigeon_entry, marks, uint32_t*);
TYPE(pigeon_entry, folder, pigeon_string*);
TYPE(pigeon_entry, name, pigeon_string*);
TYPE(pigeon_entry, bytes, uint64_t*);
TYPE(pigeon_entry, received, int64_t*);
TYPE(pigeon_entry, id, pigeon_string*);

TYPE(pigeon_entry_sink, size, uint32_t*);
TYPE(pigeon_entry_sink, reserved, uint32_t*);
TYPE(pigeon_entry_sink, context, void**);
TYPE(pigeon_entry_sink, entry, uint32_t (**)(void* context, const pigeon_entry* entry));

TYPE(pigeon_byte_sink, size, uint32_t*);
TYPE(pigeon_byte_sink, reserved, uint32_t*);
TYPE(pigeon_byte_sink, context, void**);
TYPE(pigeon_byte_sink, bytes, uint32_t (**)(void* context, pigeon_string bytes));

TYPE(pigeon_usage, size, uint32_t*);
TYPE(pigeon_usage, reserved, uint32_t*);
TYPE(pigeon_usage, bytes, uint64_t*);
TYPE(pigeon_usage, messages, uint64_t*);
TYPE(pigeon_usage, bytes_limit, uint64_t*);
TYPE(pigeon_usage, messages_limit, uint64_t*);

TYPE(pigeon_mda, size, uint32_t*);
TYPE(pigeon_mda, capabilities, uint32_t*);
TYPE(pigeon_mda, propose, pigeon_status (**)(void* instance, const pigeon_principal* principal, const pigeon_attribute* requests, size_t request_count, const pigeon_attribute_sink* sink, pigeon_error* error));
TYPE(pigeon_mda, ensure, pigeon_status (**)(void* instance, const pigeon_allocation* allocation, uint64_t deadline, pigeon_error* error));
TYPE(pigeon_mda, deliver, void (**)(void* instance, const pigeon_delivery* const* deliveries, size_t count));
TYPE(pigeon_mda, list, pigeon_status (**)(void* instance, const pigeon_allocation* allocation, uint64_t deadline, const pigeon_entry_sink* sink, pigeon_error* error));
TYPE(pigeon_mda, adopt, pigeon_status (**)(void* instance, const pigeon_allocation* allocation, uint64_t deadline, pigeon_error* error));
TYPE(pigeon_mda, purge, pigeon_status (**)(void* instance, const pigeon_allocation* allocation, uint64_t deadline, pigeon_error* error));
TYPE(pigeon_mda, read, pigeon_status (**)(void* instance, const pigeon_allocation* allocation, pigeon_string folder, pigeon_string name, uint64_t deadline, const pigeon_byte_sink* sink, pigeon_error* error));
TYPE(pigeon_mda, retire, pigeon_status (**)(void* instance, const pigeon_allocation* allocation, uint64_t deadline, pigeon_error* error));
TYPE(pigeon_mda, usage, pigeon_status (**)(void* instance, const pigeon_allocation* allocation, const pigeon_attribute* preferences, size_t preference_count, uint32_t recount, uint64_t deadline, pigeon_usage* usage, pigeon_error* error));

TYPE(pigeon_message, size, uint32_t*);
TYPE(pigeon_message, flags, uint32_t*);
TYPE(pigeon_message, prefix, const pigeon_string**);
TYPE(pigeon_message, prefix_count, size_t*);
TYPE(pigeon_message, body, pigeon_string*);

TYPE(pigeon_envelope, size, uint32_t*);
TYPE(pigeon_envelope, reserved, uint32_t*);
TYPE(pigeon_envelope, sender, pigeon_string*);
TYPE(pigeon_envelope, recipient, pigeon_string*);
TYPE(pigeon_envelope, original_recipient, pigeon_string*);
TYPE(pigeon_envelope, local_part, pigeon_string*);
TYPE(pigeon_envelope, user, pigeon_string*);
TYPE(pigeon_envelope, detail, pigeon_string*);
TYPE(pigeon_envelope, domain, pigeon_string*);
TYPE(pigeon_envelope, folder, pigeon_string*);
TYPE(pigeon_envelope, queue_id, pigeon_string*);

TYPE(pigeon_step, module, pigeon_string*);
TYPE(pigeon_step, object, const pigeon_object**);
TYPE(pigeon_step, enabled, uint32_t*);
TYPE(pigeon_step, reserved, uint32_t*);

TYPE(pigeon_run, size, uint32_t*);
TYPE(pigeon_run, flags, uint32_t*);
TYPE(pigeon_run, deadline, uint64_t*);
TYPE(pigeon_run, envelope, const pigeon_envelope**);
TYPE(pigeon_run, message, const pigeon_message**);
TYPE(pigeon_run, object, const pigeon_object**);
TYPE(pigeon_run, domain, const pigeon_slice**);
TYPE(pigeon_run, principal, const pigeon_slice**);
TYPE(pigeon_run, order, const pigeon_string**);
TYPE(pigeon_run, order_count, size_t*);
TYPE(pigeon_run, context, void**);
TYPE(pigeon_run, fetch, pigeon_status (**)(void* context, pigeon_string name, uint32_t depth, const pigeon_object_sink* sink, pigeon_error* error));
TYPE(pigeon_run, set_principal, pigeon_status (**)(void* context, const pigeon_slice* user, pigeon_error* error));
TYPE(pigeon_run, replace_steps, pigeon_status (**)(void* context, const pigeon_step* steps, size_t step_count, pigeon_error* error));
TYPE(pigeon_run, allocate, pigeon_status (**)(void* context, pigeon_string creator, pigeon_string mda, pigeon_error* error));
TYPE(pigeon_run, store, pigeon_status (**)(void* context, pigeon_string mda, pigeon_string folder, pigeon_error* error));
TYPE(pigeon_run, explain, void (**)(void* context, pigeon_string line));

TYPE(pigeon_module, size, uint32_t*);
TYPE(pigeon_module, flags, uint32_t*);
TYPE(pigeon_module, run, pigeon_status (**)(void* instance, const pigeon_run* run, uint32_t* outcome, pigeon_error* error));

TYPE(pigeon_string, data, const char**);
TYPE(pigeon_string, size, size_t*);

TYPE(pigeon_attribute, name, pigeon_string*);
TYPE(pigeon_attribute, values, const pigeon_string**);
TYPE(pigeon_attribute, value_count, size_t*);

TYPE(pigeon_object, size, uint32_t*);
TYPE(pigeon_object, reserved, uint32_t*);
TYPE(pigeon_object, path, pigeon_string*);
TYPE(pigeon_object, alias, pigeon_string*);
TYPE(pigeon_object, objectclass, pigeon_string*);
TYPE(pigeon_object, auxiliary, const pigeon_string**);
TYPE(pigeon_object, auxiliary_count, size_t*);
TYPE(pigeon_object, attributes, const pigeon_attribute**);
TYPE(pigeon_object, attribute_count, size_t*);

TYPE(pigeon_slice, size, uint32_t*);
TYPE(pigeon_slice, reserved, uint32_t*);
TYPE(pigeon_slice, object, const pigeon_object**);
TYPE(pigeon_slice, children, const pigeon_object* const**);
TYPE(pigeon_slice, child_count, size_t*);

TYPE(pigeon_plugin, size, uint32_t*);
TYPE(pigeon_plugin, major, uint32_t*);
TYPE(pigeon_plugin, minor, uint32_t*);
TYPE(pigeon_plugin, kind, uint32_t*);
TYPE(pigeon_plugin, name, const char**);
TYPE(pigeon_plugin, version, const char**);
TYPE(pigeon_plugin, summary, const char**);
TYPE(pigeon_plugin, classes, const pigeon_class* const**);
TYPE(pigeon_plugin, class_count, size_t*);
TYPE(pigeon_plugin, settings, const pigeon_declaration**);
TYPE(pigeon_plugin, setting_count, size_t*);
TYPE(pigeon_plugin, load, pigeon_status (**)(pigeon_error* error));
TYPE(pigeon_plugin, unload, void (**)(void));
TYPE(pigeon_plugin, open, pigeon_status (**)(const pigeon_host* host, const pigeon_settings* settings, void** instance, pigeon_error* error));
TYPE(pigeon_plugin, close, void (**)(void* instance));
TYPE(pigeon_plugin, initialize, pigeon_status (**)(void* instance, const pigeon_schema* schema, uint64_t deadline, pigeon_error* error));
TYPE(pigeon_plugin, check, pigeon_status (**)(void* instance, uint64_t deadline, pigeon_error* error));
TYPE(pigeon_plugin, operations, const void**);

TYPE(pigeon_note, owner_size, uint32_t*);
TYPE(pigeon_note, description_size, uint32_t*);
TYPE(pigeon_note, type, uint32_t*);
TYPE(pigeon_note, owner, char (*)[8]);
TYPE(pigeon_note, major, uint32_t*);
TYPE(pigeon_note, minor, uint32_t*);
TYPE(pigeon_note, kind, uint32_t*);

TYPE(pigeon_declaration, name, const char**);
TYPE(pigeon_declaration, type, uint32_t*);
TYPE(pigeon_declaration, flags, uint32_t*);
TYPE(pigeon_declaration, choices, const char**);
TYPE(pigeon_declaration, default_value, const char**);
TYPE(pigeon_declaration, meaning, const char**);

TYPE(pigeon_class, name, const char**);
TYPE(pigeon_class, kind, uint32_t*);
TYPE(pigeon_class, reserved, uint32_t*);
TYPE(pigeon_class, meaning, const char**);
TYPE(pigeon_class, attributes, const pigeon_declaration**);
TYPE(pigeon_class, attribute_count, size_t*);

TYPE(pigeon_schema, size, uint32_t*);
TYPE(pigeon_schema, reserved, uint32_t*);
TYPE(pigeon_schema, classes, const pigeon_class* const**);
TYPE(pigeon_schema, class_count, size_t*);

TYPE(pigeon_error, size, uint32_t*);
TYPE(pigeon_error, status, pigeon_status*);
TYPE(pigeon_error, flags, uint32_t*);
TYPE(pigeon_error, dsn_class, uint16_t*);
TYPE(pigeon_error, dsn_subject, uint16_t*);
TYPE(pigeon_error, dsn_detail, uint16_t*);
TYPE(pigeon_error, reserved, uint16_t*);
TYPE(pigeon_error, reason, char (*)[132]);
TYPE(pigeon_error, detail, char (*)[1024]);
TYPE(pigeon_error, remedy, char (*)[512]);

/* Offsets and sizes, where a pointer has 64 bits. */
#if UINTPTR_MAX == UINT64_MAX
OFFSET(pigeon_allocating, size, 0);
OFFSET(pigeon_allocating, reserved, 4);
OFFSET(pigeon_allocating, deadline, 8);
OFFSET(pigeon_allocating, context, 16);
OFFSET(pigeon_allocating, read, 24);
OFFSET(pigeon_allocating, propose, 32);
OFFSET(pigeon_allocating, commit, 40);
OFFSET(pigeon_allocating, lock, 48);
OFFSET(pigeon_allocating, unlock, 56);
OFFSET(pigeon_creator, size, 0);
OFFSET(pigeon_creator, reserved, 4);
OFFSET(pigeon_creator, obtain, 8);
OFFSET(pigeon_object_sink, size, 0);
OFFSET(pigeon_object_sink, reserved, 4);
OFFSET(pigeon_object_sink, context, 8);
OFFSET(pigeon_object_sink, object, 16);
OFFSET(pigeon_text_sink, size, 0);
OFFSET(pigeon_text_sink, reserved, 4);
OFFSET(pigeon_text_sink, context, 8);
OFFSET(pigeon_text_sink, text, 16);
OFFSET(pigeon_fetch, size, 0);
OFFSET(pigeon_fetch, flags, 4);
OFFSET(pigeon_fetch, deadline, 8);
OFFSET(pigeon_fetch, path, 16);
OFFSET(pigeon_fetch, depth, 32);
OFFSET(pigeon_fetch, reserved, 36);
OFFSET(pigeon_page, size, 0);
OFFSET(pigeon_page, limit, 4);
OFFSET(pigeon_page, deadline, 8);
OFFSET(pigeon_page, path, 16);
OFFSET(pigeon_page, after, 32);
OFFSET(pigeon_change, kind, 0);
OFFSET(pigeon_change, reserved, 4);
OFFSET(pigeon_change, name, 8);
OFFSET(pigeon_change, values, 24);
OFFSET(pigeon_change, value_count, 32);
OFFSET(pigeon_precondition, kind, 0);
OFFSET(pigeon_precondition, reserved, 4);
OFFSET(pigeon_precondition, name, 8);
OFFSET(pigeon_precondition, value, 24);
OFFSET(pigeon_token, size, 0);
OFFSET(pigeon_token, length, 4);
OFFSET(pigeon_token, bytes, 8);
OFFSET(pigeon_update, size, 0);
OFFSET(pigeon_update, reserved, 4);
OFFSET(pigeon_update, deadline, 8);
OFFSET(pigeon_update, path, 16);
OFFSET(pigeon_update, changes, 32);
OFFSET(pigeon_update, change_count, 40);
OFFSET(pigeon_update, preconditions, 48);
OFFSET(pigeon_update, precondition_count, 56);
OFFSET(pigeon_update, token, 64);
OFFSET(pigeon_datatree, size, 0);
OFFSET(pigeon_datatree, capabilities, 4);
OFFSET(pigeon_datatree, fetch, 8);
OFFSET(pigeon_datatree, children, 16);
OFFSET(pigeon_datatree, apply, 24);
OFFSET(pigeon_datatree, apply_all, 32);
OFFSET(pigeon_datatree, lock, 40);
OFFSET(pigeon_datatree, unlock, 48);
OFFSET(pigeon_datatree, print_schema, 56);
OFFSET(pigeon_host, size, 0);
OFFSET(pigeon_host, minor, 4);
OFFSET(pigeon_host, context, 8);
OFFSET(pigeon_host, log, 16);
OFFSET(pigeon_settings, size, 0);
OFFSET(pigeon_settings, reserved, 4);
OFFSET(pigeon_settings, settings, 8);
OFFSET(pigeon_settings, setting_count, 16);
OFFSET(pigeon_principal, size, 0);
OFFSET(pigeon_principal, reserved, 4);
OFFSET(pigeon_principal, domain, 8);
OFFSET(pigeon_principal, user, 24);
OFFSET(pigeon_attribute_sink, size, 0);
OFFSET(pigeon_attribute_sink, reserved, 4);
OFFSET(pigeon_attribute_sink, context, 8);
OFFSET(pigeon_attribute_sink, attribute, 16);
OFFSET(pigeon_allocation, size, 0);
OFFSET(pigeon_allocation, reserved, 4);
OFFSET(pigeon_allocation, principal, 8);
OFFSET(pigeon_allocation, id, 48);
OFFSET(pigeon_allocation, attributes, 64);
OFFSET(pigeon_allocation, attribute_count, 72);
OFFSET(pigeon_receipt, size, 0);
OFFSET(pigeon_receipt, status, 4);
OFFSET(pigeon_receipt, flags, 8);
OFFSET(pigeon_receipt, reserved, 12);
OFFSET(pigeon_receipt, error, 16);
OFFSET(pigeon_receipt, stored, 24);
OFFSET(pigeon_delivery, size, 0);
OFFSET(pigeon_delivery, flags, 4);
OFFSET(pigeon_delivery, deadline, 8);
OFFSET(pigeon_delivery, id, 16);
OFFSET(pigeon_delivery, allocation, 32);
OFFSET(pigeon_delivery, preferences, 40);
OFFSET(pigeon_delivery, preference_count, 48);
OFFSET(pigeon_delivery, folder, 56);
OFFSET(pigeon_delivery, envelope, 72);
OFFSET(pigeon_delivery, message, 80);
OFFSET(pigeon_delivery, receipt, 88);
OFFSET(pigeon_delivery, received, 96);
OFFSET(pigeon_delivery, marks, 104);
OFFSET(pigeon_delivery, reserved, 108);
OFFSET(pigeon_entry, size, 0);
OFFSET(pigeon_entry, marks, 4);
OFFSET(pigeon_entry, folder, 8);
OFFSET(pigeon_entry, name, 24);
OFFSET(pigeon_entry, bytes, 40);
OFFSET(pigeon_entry, received, 48);
OFFSET(pigeon_entry, id, 56);
OFFSET(pigeon_entry_sink, size, 0);
OFFSET(pigeon_entry_sink, reserved, 4);
OFFSET(pigeon_entry_sink, context, 8);
OFFSET(pigeon_entry_sink, entry, 16);
OFFSET(pigeon_byte_sink, size, 0);
OFFSET(pigeon_byte_sink, reserved, 4);
OFFSET(pigeon_byte_sink, context, 8);
OFFSET(pigeon_byte_sink, bytes, 16);
OFFSET(pigeon_usage, size, 0);
OFFSET(pigeon_usage, reserved, 4);
OFFSET(pigeon_usage, bytes, 8);
OFFSET(pigeon_usage, messages, 16);
OFFSET(pigeon_usage, bytes_limit, 24);
OFFSET(pigeon_usage, messages_limit, 32);
OFFSET(pigeon_mda, size, 0);
OFFSET(pigeon_mda, capabilities, 4);
OFFSET(pigeon_mda, propose, 8);
OFFSET(pigeon_mda, ensure, 16);
OFFSET(pigeon_mda, deliver, 24);
OFFSET(pigeon_mda, list, 32);
OFFSET(pigeon_mda, adopt, 40);
OFFSET(pigeon_mda, purge, 48);
OFFSET(pigeon_mda, read, 56);
OFFSET(pigeon_mda, retire, 64);
OFFSET(pigeon_mda, usage, 72);
OFFSET(pigeon_message, size, 0);
OFFSET(pigeon_message, flags, 4);
OFFSET(pigeon_message, prefix, 8);
OFFSET(pigeon_message, prefix_count, 16);
OFFSET(pigeon_message, body, 24);
OFFSET(pigeon_envelope, size, 0);
OFFSET(pigeon_envelope, reserved, 4);
OFFSET(pigeon_envelope, sender, 8);
OFFSET(pigeon_envelope, recipient, 24);
OFFSET(pigeon_envelope, original_recipient, 40);
OFFSET(pigeon_envelope, local_part, 56);
OFFSET(pigeon_envelope, user, 72);
OFFSET(pigeon_envelope, detail, 88);
OFFSET(pigeon_envelope, domain, 104);
OFFSET(pigeon_envelope, folder, 120);
OFFSET(pigeon_envelope, queue_id, 136);
OFFSET(pigeon_step, module, 0);
OFFSET(pigeon_step, object, 16);
OFFSET(pigeon_step, enabled, 24);
OFFSET(pigeon_step, reserved, 28);
OFFSET(pigeon_run, size, 0);
OFFSET(pigeon_run, flags, 4);
OFFSET(pigeon_run, deadline, 8);
OFFSET(pigeon_run, envelope, 16);
OFFSET(pigeon_run, message, 24);
OFFSET(pigeon_run, object, 32);
OFFSET(pigeon_run, domain, 40);
OFFSET(pigeon_run, principal, 48);
OFFSET(pigeon_run, order, 56);
OFFSET(pigeon_run, order_count, 64);
OFFSET(pigeon_run, context, 72);
OFFSET(pigeon_run, fetch, 80);
OFFSET(pigeon_run, set_principal, 88);
OFFSET(pigeon_run, replace_steps, 96);
OFFSET(pigeon_run, allocate, 104);
OFFSET(pigeon_run, store, 112);
OFFSET(pigeon_run, explain, 120);
OFFSET(pigeon_module, size, 0);
OFFSET(pigeon_module, flags, 4);
OFFSET(pigeon_module, run, 8);
OFFSET(pigeon_string, data, 0);
OFFSET(pigeon_string, size, 8);
OFFSET(pigeon_attribute, name, 0);
OFFSET(pigeon_attribute, values, 16);
OFFSET(pigeon_attribute, value_count, 24);
OFFSET(pigeon_object, size, 0);
OFFSET(pigeon_object, reserved, 4);
OFFSET(pigeon_object, path, 8);
OFFSET(pigeon_object, alias, 24);
OFFSET(pigeon_object, objectclass, 40);
OFFSET(pigeon_object, auxiliary, 56);
OFFSET(pigeon_object, auxiliary_count, 64);
OFFSET(pigeon_object, attributes, 72);
OFFSET(pigeon_object, attribute_count, 80);
OFFSET(pigeon_slice, size, 0);
OFFSET(pigeon_slice, reserved, 4);
OFFSET(pigeon_slice, object, 8);
OFFSET(pigeon_slice, children, 16);
OFFSET(pigeon_slice, child_count, 24);
OFFSET(pigeon_plugin, size, 0);
OFFSET(pigeon_plugin, major, 4);
OFFSET(pigeon_plugin, minor, 8);
OFFSET(pigeon_plugin, kind, 12);
OFFSET(pigeon_plugin, name, 16);
OFFSET(pigeon_plugin, version, 24);
OFFSET(pigeon_plugin, summary, 32);
OFFSET(pigeon_plugin, classes, 40);
OFFSET(pigeon_plugin, class_count, 48);
OFFSET(pigeon_plugin, settings, 56);
OFFSET(pigeon_plugin, setting_count, 64);
OFFSET(pigeon_plugin, load, 72);
OFFSET(pigeon_plugin, unload, 80);
OFFSET(pigeon_plugin, open, 88);
OFFSET(pigeon_plugin, close, 96);
OFFSET(pigeon_plugin, initialize, 104);
OFFSET(pigeon_plugin, check, 112);
OFFSET(pigeon_plugin, operations, 120);
OFFSET(pigeon_note, owner_size, 0);
OFFSET(pigeon_note, description_size, 4);
OFFSET(pigeon_note, type, 8);
OFFSET(pigeon_note, owner, 12);
OFFSET(pigeon_note, major, 20);
OFFSET(pigeon_note, minor, 24);
OFFSET(pigeon_note, kind, 28);
OFFSET(pigeon_declaration, name, 0);
OFFSET(pigeon_declaration, type, 8);
OFFSET(pigeon_declaration, flags, 12);
OFFSET(pigeon_declaration, choices, 16);
OFFSET(pigeon_declaration, default_value, 24);
OFFSET(pigeon_declaration, meaning, 32);
OFFSET(pigeon_class, name, 0);
OFFSET(pigeon_class, kind, 8);
OFFSET(pigeon_class, reserved, 12);
OFFSET(pigeon_class, meaning, 16);
OFFSET(pigeon_class, attributes, 24);
OFFSET(pigeon_class, attribute_count, 32);
OFFSET(pigeon_schema, size, 0);
OFFSET(pigeon_schema, reserved, 4);
OFFSET(pigeon_schema, classes, 8);
OFFSET(pigeon_schema, class_count, 16);
OFFSET(pigeon_error, size, 0);
OFFSET(pigeon_error, status, 4);
OFFSET(pigeon_error, flags, 8);
OFFSET(pigeon_error, dsn_class, 12);
OFFSET(pigeon_error, dsn_subject, 14);
OFFSET(pigeon_error, dsn_detail, 16);
OFFSET(pigeon_error, reserved, 18);
OFFSET(pigeon_error, reason, 20);
OFFSET(pigeon_error, detail, 152);
OFFSET(pigeon_error, remedy, 1176);
GROWS(pigeon_allocating, 64);
GROWS(pigeon_creator, 16);
GROWS(pigeon_object_sink, 24);
GROWS(pigeon_text_sink, 24);
GROWS(pigeon_fetch, 40);
GROWS(pigeon_page, 48);
FIXED(pigeon_change, 40);
FIXED(pigeon_precondition, 40);
GROWS(pigeon_token, 72);
GROWS(pigeon_update, 72);
GROWS(pigeon_datatree, 64);
GROWS(pigeon_host, 24);
GROWS(pigeon_settings, 24);
GROWS(pigeon_principal, 40);
GROWS(pigeon_attribute_sink, 24);
GROWS(pigeon_allocation, 80);
GROWS(pigeon_receipt, 280);
GROWS(pigeon_delivery, 112);
GROWS(pigeon_entry, 72);
GROWS(pigeon_entry_sink, 24);
GROWS(pigeon_byte_sink, 24);
GROWS(pigeon_usage, 40);
GROWS(pigeon_mda, 80);
GROWS(pigeon_message, 40);
GROWS(pigeon_envelope, 152);
FIXED(pigeon_step, 32);
GROWS(pigeon_run, 128);
GROWS(pigeon_module, 16);
FIXED(pigeon_string, 16);
FIXED(pigeon_attribute, 32);
GROWS(pigeon_object, 88);
GROWS(pigeon_slice, 32);
GROWS(pigeon_plugin, 128);
FIXED(pigeon_note, 32);
FIXED(pigeon_declaration, 40);
FIXED(pigeon_class, 40);
GROWS(pigeon_schema, 24);
GROWS(pigeon_error, 1688);
#endif
