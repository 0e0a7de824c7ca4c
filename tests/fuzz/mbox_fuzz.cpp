// SPDX-License-Identifier: MIT
//
// A file that is to be an mbox, and messages that are to be put into one.
#include "fuzz.hpp"

#include "plugins/mda-mbox/original.hpp"
#include "plugins/mda-mbox/rendering.hpp"
#include "plugins/mda-mbox/splitting.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <string>
#include <vector>

using mda_mbox::Quoting;
using pigeon::fuzz::require;

namespace {

constexpr std::string_view kLine = "From a@b Sun Sep  9 01:46:40 2001\n";

std::vector<std::string> messages_in(std::string_view mbox, Quoting quoting) {
  static const pigeon::Fd file(::memfd_create("mbox", MFD_CLOEXEC));
  require(::ftruncate(file.get(), 0) == 0, "an empty file");
  require(::pwrite(file.get(), mbox.data(), mbox.size(), 0) == static_cast<ssize_t>(mbox.size()), "a file");
  mda_mbox::Window window(file, mbox.size(), "mbox", pigeon::Deadline::in(std::chrono::minutes(1)));
  std::vector<std::string> found;
  for (std::uint64_t at = 0;;) {
    const auto extent = mda_mbox::find_message(window, at, quoting);
    require(static_cast<bool>(extent), "nothing fails");
    if (!*extent) break;
    const auto& message = **extent;
    require(message.begin >= at && message.content > message.begin && message.end >= message.content &&
                message.next >= message.end && message.next <= mbox.size() && message.next > at,
            "a message stands behind the one before it, and within the file");
    require(message.begin == 0 || mbox[message.begin - 1] == '\n', "a message begins with a line");
    auto& text = found.emplace_back();
    const auto give = [&](std::string_view bytes) {
      text += bytes;
      return true;
    };
    require(static_cast<bool>(mda_mbox::give_original(window, message, quoting,
                                                      pigeon::Deadline::in(std::chrono::hours(1)), give)),
            "every message can be read");
    at = message.next;
  }
  static_cast<void>(mda_mbox::is_mbox(window));
  return found;
}

}  // namespace

// How it is quoted and marked, then messages, each up to a zero byte.
int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size < 2) return 0;
  const auto quoting = static_cast<Quoting>(bytes[0] % 3);
  const std::uint32_t marks = bytes[1] % 32;
  auto rest = pigeon::fuzz::text_of(bytes + 2, size - 2);
  messages_in(rest, quoting);

  std::vector<std::string> messages;
  std::string mbox;
  while (!rest.empty()) {
    messages.emplace_back(pigeon::fuzz::next(rest));
    const auto nothing = pigeon::borrow("");
    const pigeon_message lent = {sizeof lent, 0, &nothing, 1, pigeon::borrow(messages.back())};
    mbox += kLine;
    mda_mbox::Outgoing(pigeon::Message(lent), marks).render(quoting, [&](std::string_view text) {
      mbox += text;
      return true;
    });
    require(mbox.back() == '\n', "a message ends with a line");
    mbox += "\n";
  }
  const auto found = messages_in(mbox, quoting);
  require(found.size() == messages.size(), "as many messages come out as went in");
  if (quoting != Quoting::mboxo) require(found == messages, "every message comes out as it went in");
  return 0;
}
