// SPDX-License-Identifier: MIT
#pragma once

#include <pigeon/sdk/time.hpp>

#include <algorithm>
#include <chrono>
#include <random>
#include <thread>

namespace sql_database {

// Long enough not to burden the database, different for each, so that those who wait do not wake together.
inline void pause(pigeon::Deadline deadline) {
  thread_local std::minstd_rand random(std::random_device{}());
  const auto time = std::chrono::milliseconds(std::uniform_int_distribution<>(5, 25)(random));
  std::this_thread::sleep_for(std::min(pigeon::nanoseconds(time), deadline.left()));
}

}  // namespace sql_database
