// SPDX-License-Identifier: MIT
#include "common.hpp"

#include <pigeon/abi/datatree.h>

namespace {

const pigeon_datatree& operations(void* instance) {
  return *static_cast<const pigeon_datatree*>(lent_by(instance).operations);
}

pigeon_status fetch(void* instance, const pigeon_fetch* request, const pigeon_object_sink* sink,
                    pigeon_error* error) noexcept {
  return operations(instance).fetch(lent_by(instance).instance, request, sink, error);
}
pigeon_status children(void* instance, const pigeon_page* request, const pigeon_object_sink* sink,
                       pigeon_error* error) noexcept {
  return operations(instance).children(lent_by(instance).instance, request, sink, error);
}
pigeon_status apply(void* instance, const pigeon_update* update, pigeon_error* error) noexcept {
  return operations(instance).apply(lent_by(instance).instance, update, error);
}
pigeon_status apply_all(void* instance, const pigeon_update* const* updates, std::size_t count,
                        std::size_t* failed, pigeon_error* error) noexcept {
  return operations(instance).apply_all(lent_by(instance).instance, updates, count, failed, error);
}
pigeon_status lock(void* instance, pigeon_string path, std::uint64_t lease, std::uint64_t deadline,
                   pigeon_token* token, pigeon_error* error) noexcept {
  return operations(instance).lock(lent_by(instance).instance, path, lease, deadline, token, error);
}
pigeon_status unlock(void* instance, pigeon_string path, const pigeon_token* token, std::uint64_t deadline,
                     pigeon_error* error) noexcept {
  return operations(instance).unlock(lent_by(instance).instance, path, token, deadline, error);
}

constexpr pigeon_datatree make_operations() {
  pigeon_datatree made = {};
  made.size = sizeof made;
  made.capabilities = PIGEON_DATATREE_CHILDREN | PIGEON_DATATREE_APPLY | PIGEON_DATATREE_LOCK;
  made.fetch = fetch;
  made.children = children;
  made.apply = apply;
  made.apply_all = apply_all;
  made.lock = lock;
  made.unlock = unlock;
  return made;
}
constexpr pigeon_datatree kOperations = make_operations();

}  // namespace

PIGEON_LENT_PLUGIN(PIGEON_KIND_DATATREE, {}, kOperations);
