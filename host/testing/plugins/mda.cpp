// SPDX-License-Identifier: MIT
#include "common.hpp"

#include <pigeon/abi/mda.h>

namespace {

const pigeon_mda& operations(void* instance) {
  return *static_cast<const pigeon_mda*>(lent_by(instance).operations);
}

pigeon_status propose(void* instance, const pigeon_principal* principal, const pigeon_attribute* requests,
                      std::size_t request_count, const pigeon_attribute_sink* sink,
                      pigeon_error* error) noexcept {
  return operations(instance).propose(lent_by(instance).instance, principal, requests, request_count, sink,
                                      error);
}
pigeon_status ensure(void* instance, const pigeon_allocation* allocation, std::uint64_t deadline,
                     pigeon_error* error) noexcept {
  return operations(instance).ensure(lent_by(instance).instance, allocation, deadline, error);
}
void deliver(void* instance, const pigeon_delivery* const* deliveries, std::size_t count) noexcept {
  operations(instance).deliver(lent_by(instance).instance, deliveries, count);
}

constexpr pigeon_mda make_operations() {
  pigeon_mda made = {};
  made.size = sizeof made;
  made.propose = propose;
  made.ensure = ensure;
  made.deliver = deliver;
  return made;
}
constexpr pigeon_mda kOperations = make_operations();

constexpr std::array kPreferences = {
    pigeon::choice_of("colour", "red|green", "a preference", "red"),
    pigeon::integer_of("limit", "a preference without a default"),
    pigeon::text_of("place", "a request", nullptr, PIGEON_DECLARATION_ALLOCATION)};
constexpr std::array kAllocated = {pigeon::text_of(
    "place", "where the mail is", nullptr, PIGEON_DECLARATION_ALLOCATION | PIGEON_DECLARATION_MANDATORY)};
constexpr pigeon_class kPreferenceClass =
    pigeon::auxiliary(PIGEON_LENT_NAME, "wants its mail here", kPreferences);
constexpr pigeon_class kAllocationClass =
    pigeon::auxiliary(PIGEON_LENT_NAME "Allocation", "has its mail here", kAllocated);
constexpr std::array kClasses = {&kPreferenceClass, &kAllocationClass};

}  // namespace

PIGEON_LENT_PLUGIN(PIGEON_KIND_MDA, kClasses, kOperations);
