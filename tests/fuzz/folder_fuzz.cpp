// SPDX-License-Identifier: MIT
#include "fuzz.hpp"

#include "plugins/mda-maildir/folder.hpp"

#include <pigeon/sdk/text.hpp>

using pigeon::fuzz::require;

int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const auto text = pigeon::fuzz::text_of(bytes, size);
  if (pigeon::is_utf8(text)) {
    const auto encoded = mda_maildir::to_modified_utf7(text);
    for (const char c : encoded) require(c >= 0x20 && c < 0x7f, "modified UTF-7 is printable ASCII");
    require(mda_maildir::from_modified_utf7(encoded) == text, "every name comes back as it went in");
  }
  if (const auto decoded = mda_maildir::from_modified_utf7(text))
    require(pigeon::is_utf8(*decoded), "what is decoded is UTF-8");
  const auto directory = mda_maildir::folder_directory(text);
  if (!directory || directory->empty()) return 0;
  require(directory->front() == '.' && directory->find('/') == std::string::npos,
          "one name, with a dot in front");
  require(directory->find("..") == std::string::npos && directory->back() != '.', "no empty level");
  require(directory->size() <= 255 && !pigeon::has_control_characters(*directory), "a name for a directory");
  require(mda_maildir::folder_directory(mda_maildir::folder_name(*directory)) == directory ||
              pigeon::starts_with(pigeon::fold(*directory), ".inbox"),
          "what is shown names the same folder");
  return 0;
}
