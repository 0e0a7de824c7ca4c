// SPDX-License-Identifier: MIT
#include "stamp.hpp"

#include <pigeon/sdk/text.hpp>

namespace mailbox_rules {

using pigeon::Allocation;
using pigeon::Failure;

std::string command(const std::string& what, const Allocation& allocation) {
  return "pigeonctl mailbox " + what + " " + pigeon::shell_operand(allocation.principal.address());
}

Failure gone(const std::string& shown, const std::string& find_it, const Allocation& allocation) {
  return pigeon::misconfigured("open mailbox " + shown + ": it is gone")
      .with_remedy(find_it + "; if its mail is lost for good, `" + command("purge", allocation) +
                   "` lets a new one be made");
}

Failure unstamped(const std::string& shown, const Allocation& allocation) {
  return pigeon::misconfigured("use mailbox " + shown + ": it does not bear our stamp")
      .with_remedy("if it is this user's, take it over with `" + command("adopt", allocation) + "`");
}

Failure foreign(const std::string& shown, const std::string& id, const std::string& stamp,
                const Allocation& allocation) {
  return pigeon::misconfigured("use mailbox " + shown + ": it is stamped with allocation " +
                               pigeon::printable(id) + ", and this user's is " + allocation.id)
      .with_remedy("find whose it is with `pigeonctl tree export | grep " + pigeon::shell_word(id) +
                   "`; if nobody's, remove the stamp " + stamp + " and run `" + command("adopt", allocation) +
                   "`");
}

}  // namespace mailbox_rules
