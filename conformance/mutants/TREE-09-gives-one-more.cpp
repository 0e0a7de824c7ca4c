// SPDX-License-Identifier: MIT
#include "datatree_specimen.hpp"

struct Mutant : public specimen::Grows<Mutant> {
  using Grows::Grows;
  static pigeon_status fetch_on(void* instance, const pigeon_fetch* request, const pigeon_object_sink* sink,
                                pigeon_error* error) noexcept {
    const auto on = [](void* context, const pigeon_object* object) noexcept -> std::uint32_t {
      const auto* to = static_cast<const pigeon_object_sink*>(context);
      return to->object(to->context, object) & 0U;
    };
    const pigeon_object_sink all = {sizeof all, 0, const_cast<pigeon_object_sink*>(sink), on};
    return pigeon::DatatreeOperations<Mutant>::fetch(instance, request, &all, error);
  }
};

constexpr auto kTable = [](auto table) { return table.fetch = Mutant::fetch_on, table; };
static constexpr auto pigeon_plugin_operations = kTable(pigeon::DatatreeOperations<Mutant>::table());
PIGEON_PLUGIN(PIGEON_KIND_DATATREE, Mutant, pigeon_plugin_operations, specimen::kAbout);
