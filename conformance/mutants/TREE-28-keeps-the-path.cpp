// SPDX-License-Identifier: MIT
#include "datatree_specimen.hpp"

struct Mutant : public specimen::Grows<Mutant> {
  using Grows::Grows;
  static pigeon_status fetch_kept(void* instance, const pigeon_fetch* request, const pigeon_object_sink* sink,
                                  pigeon_error* error) noexcept {
    static pigeon_string kept = request->path;
    if (pigeon::view(kept) != pigeon::view(request->path)) kept = request->path;
    return pigeon::DatatreeOperations<Mutant>::fetch(instance, request, sink, error);
  }
};

constexpr auto kTable = [](auto table) { return table.fetch = Mutant::fetch_kept, table; };
static constexpr auto pigeon_plugin_operations = kTable(pigeon::DatatreeOperations<Mutant>::table());
PIGEON_PLUGIN(PIGEON_KIND_DATATREE, Mutant, pigeon_plugin_operations, specimen::kAbout);
