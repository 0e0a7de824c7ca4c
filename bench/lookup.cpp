// SPDX-License-Identifier: MIT
//
// The look-ups of one delivery, in a process of their own; prints where the mail of the user is.
//
//   bench-lookup TRUSTED CONFIGURATION DOMAIN USER
//
// TRUSTED is a directory that is vouched for, or empty.
#include "bench/lookup.hpp"

#include <span>

int main(int count, char** arguments) {
  using namespace pigeon::bench;
  const std::span<char*> given(arguments, static_cast<std::size_t>(count));
  if (given.size() != 5) die("usage: bench-lookup TRUSTED CONFIGURATION DOMAIN USER");
  Lookup lookup(given[2], given[1]);
  std::cout << lookup.delivery(given[3], given[4]) << '\n';
  return EXIT_SUCCESS;
}
