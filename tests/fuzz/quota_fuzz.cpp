// SPDX-License-Identifier: MIT
#include "fuzz.hpp"

#include "plugins/mda-maildir/quota.hpp"

#include <pigeon/testing/temporary_directory.hpp>

#include <filesystem>

using pigeon::fuzz::require;

// A file "maildirsize" as other programs may have left it.
int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  static const pigeon::testing::TemporaryDirectory place;
  static const bool is_made = std::filesystem::create_directory(place / "tmp") &&
                              std::filesystem::create_directory(place / "new") &&
                              std::filesystem::create_directory(place / "cur");
  require(is_made, "a Maildir");
  const auto text = pigeon::fuzz::text_of(bytes, size);
  static_cast<void>(mda_maildir::size_in_name(text));
  const mda_maildir::Quota quota({1000, 10});
  const auto maildir = pigeon::Directory::open(place.path());
  require(maildir && *maildir, "the Maildir");
  for (const bool with_head : {true, false}) {
    static_cast<void>(place.write("maildirsize", (with_head ? "1000S,10C\n" : "") + std::string(text)));
    const auto exceeds = quota.would_exceed(**maildir, 100);
    require(static_cast<bool>(exceeds), "whatever stands there is added up or counted anew");
    // The mailbox is empty: a message that is too large alone never fits, whatever the file says.
    const auto never = quota.would_exceed(**maildir, 1001);
    require(never && *never, "too large is too large");
    require(static_cast<bool>(mda_maildir::Quota::add(**maildir, 100)), "a line more");
    std::filesystem::remove(place / "maildirsize");
  }
  return 0;
}
