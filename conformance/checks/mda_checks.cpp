// SPDX-License-Identifier: MIT
//
// What an MDA promises.
#include "conformance/check.hpp"
#include "conformance/mailbox.hpp"
#include "conformance/trial.hpp"

#include <pigeon/abi/mda.h>

#include <array>
#include <string>

namespace pigeon::conformance {
namespace {

constexpr const char* kMda = "pigeon/abi/mda.h";
const Principal kAlice = {"example.com", "alice"};

// A text that no other has: `size` random bytes, all values among them.
std::string random_text(Trial& trial, std::size_t size) {
  std::string text;
  while (text.size() < size) text += static_cast<char>(trial.random()() & 0xffU);
  return text;
}

Finding stores_every_byte(Trial& trial) {
  const auto instance = PIGEON_EXPECT_OK(trial.open(), "opened an instance");
  Mailbox mailbox(trial, *instance);
  PIGEON_EXPECT_OK(mailbox.make(kAlice, "id1"), "made a mailbox");
  int number = 0;
  for (const std::size_t size : {16UL, 4095UL, 4096UL, 4097UL, 3UL << 20U}) {
    const auto text = random_text(trial, size);
    const auto receipt = mailbox.deliver({.id = "d" + std::to_string(++number), .text = text});
    PIGEON_EXPECT(receipt.is_stored(), "delivered " + std::to_string(size) + " random bytes", "success",
                  receipt.failure.detail);
    const auto copies = mailbox.copies(text);
    PIGEON_EXPECT(copies == 1,
                  "looked for these " + std::to_string(size) + " bytes in the files below its directory",
                  "once", std::to_string(copies) + " times");
  }
  return Finding::passed();
}

constexpr std::array kChecks = {
    Check{"MDA-01", Weight::must, 2, PIGEON_KIND_MDA, "A message is stored byte for byte",
          "delivers messages of random bytes, of sizes around those of pages, and looks for them on disk",
          kMda, stores_every_byte},
};

}  // namespace

std::span<const Check> mda_checks() {
  return kChecks;
}

}  // namespace pigeon::conformance
