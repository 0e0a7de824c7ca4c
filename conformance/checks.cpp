// SPDX-License-Identifier: MIT
#include "conformance/check.hpp"

#include <string_view>

namespace pigeon::conformance {

Finding Finding::failed(std::string done, const Failure& failure) {
  return failed(std::move(done), "success",
                failure.remedy.empty() ? failure.detail : failure.detail + "; " + failure.remedy);
}

const std::vector<Check>& all_checks() {
  static const auto all = [] {
    std::vector<Check> joined;
    for (const auto each : {
             file_checks(),
             life_checks(),
             settings_checks(),
             module_checks(),
             module_hostile_checks(),
             mda_checks(),
             mda_moving_checks(),
             mda_hostile_checks(),
             mda_race_checks(),
             mda_damage_checks(),
             mda_reading_checks(),
             mda_fault_checks(),
             tree_fault_checks(),
             watched_checks(),
             tree_checks(),
             tree_list_checks(),
             tree_write_checks(),
             tree_lock_checks(),
             tree_hostile_checks(),
             tree_damage_checks(),
             tree_race_checks(),
             creator_checks(),
             creator_hostile_checks(),
             module_fault_checks(),
             memory_checks(),
         }) {
      joined.insert(joined.end(), each.begin(), each.end());
    }
    return joined;
  }();
  return all;
}

const Check* find_check(std::string_view id) {
  for (const auto& check : all_checks()) {
    if (id == check.id) return &check;
  }
  return nullptr;
}

}  // namespace pigeon::conformance
