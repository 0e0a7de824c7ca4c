// SPDX-License-Identifier: MIT
#include "fuzz.hpp"

#include "host/control/ldif.hpp"

#include <sstream>

using pigeon::control::LdifReader;
using pigeon::control::to_ldif;
using pigeon::fuzz::require;

// LDIF, as `pigeonctl tree import --ldif` takes it.
int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  std::istringstream in{std::string(pigeon::fuzz::text_of(bytes, size))};
  LdifReader reader(in);
  for (;;) {
    const auto entry = reader.next();
    if (!entry) {
      require(!entry.failure().detail.empty(), "refused in words");
      return 0;
    }
    if (!*entry) return 0;
    require(!(*entry)->path.is_root(), "the root is passed over");
    if ((*entry)->classes.empty()) continue;
    const pigeon::Object object = {.path = (*entry)->path.text(),
                                   .objectclass = (*entry)->classes.front(),
                                   .auxiliary = {(*entry)->classes.begin() + 1, (*entry)->classes.end()},
                                   .attributes = (*entry)->attributes};
    std::istringstream printed(to_ldif(object, "dc=x"));
    const auto again = LdifReader(printed).next();
    require(again && *again && (*again)->path == (*entry)->path && (*again)->classes == (*entry)->classes &&
                (*again)->attributes == (*entry)->attributes,
            "what is exported can be imported");
  }
}
