// SPDX-License-Identifier: MIT
//
// Plugins whose work is done by the test itself: the file is loaded, checked and opened as any other, and
// then hands every call on to what the test has lent it. So the host is tested through the real plugin API,
// and each test says in its own words what the plugins do.
#pragma once

#include <cstdint>
#include <string>

namespace pigeon::testing {

// The operations of the kind and the instance to call them on; both the test's, and outlive the plugin.
struct Lent {
  const void* operations;
  void* instance;
};

// The setting "lent" of a plugin's section: where the Lent is, in this process.
inline std::string setting_of(const Lent& lent) {
  return std::to_string(reinterpret_cast<std::uintptr_t>(&lent));
}
inline const Lent& lent_by(void* instance) {
  return *static_cast<const Lent*>(instance);
}

}  // namespace pigeon::testing
