// SPDX-License-Identifier: MIT
#pragma once

#include <pigeon/sdk/time.hpp>

#include <algorithm>
#include <chrono>
#include <random>
#include <thread>

namespace sql_database {

// Why a call was made again, and how often.
struct Retries {
  int conflicts = 0;  // somebody was in the way
  int losses = 0;     // of its connection
};

// Long enough not to burden the database, different for each, so that those who wait do not wake together;
// and longer after so many in vain.
inline void pause(pigeon::Deadline deadline, int in_vain = 0) {
  constexpr int kMostDoubled = 4;
  thread_local std::minstd_rand random(std::random_device{}());
  const auto time = std::chrono::milliseconds(std::uniform_int_distribution<>(5, 25)(random)) *
                    (1 << std::min(in_vain, kMostDoubled));
  std::this_thread::sleep_for(std::min(pigeon::nanoseconds(time), deadline.left()));
}

}  // namespace sql_database
