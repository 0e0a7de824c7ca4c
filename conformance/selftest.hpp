// SPDX-License-Identifier: MIT
//
// Checks that cannot fail prove nothing. Below `mutants`, each directory is named after the check that must
// catch the plugin in it, "MDA-04-no-flush-of-the-directory"; below "good" are plugins that pass everything.
#pragma once

#include <cstdint>
#include <string>

namespace pigeon::conformance {

// Prints the matrix, and returns the exit status: every mutant is caught by its check, every check catches a
// mutant, the good ones pass.
int selftest(const std::string& mutants, const std::string& filter, std::uint64_t seed);

}  // namespace pigeon::conformance
