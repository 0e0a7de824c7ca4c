// SPDX-License-Identifier: MIT
//
// Memory that is lent for a call as strictly as it can be: each piece can only be read, ends where memory
// ends, and is taken back when the call is over. Whoever reads beyond it, writes to it, or keeps it, dies.
#pragma once

#include <pigeon/abi/object.h>
#include <pigeon/sdk/object.hpp>

#include <cstddef>
#include <string_view>
#include <vector>

namespace pigeon::conformance {

class LentMemory {
 public:
  LentMemory();
  LentMemory(const LentMemory&) = delete;
  LentMemory& operator=(const LentMemory&) = delete;
  LentMemory(LentMemory&&) = delete;
  LentMemory& operator=(LentMemory&&) = delete;
  ~LentMemory();

  const void* put(const void* bytes, std::size_t size);
  template <typename T>
  const T* put(const T& value) {
    return static_cast<const T*>(put(&value, sizeof value));
  }
  template <typename T>
  const T* put(const std::vector<T>& values) {
    // NOLINTNEXTLINE(bugprone-sizeof-expression): of a T that is a pointer, the pointer is meant
    return static_cast<const T*>(put(values.data(), values.size() * sizeof(T)));
  }
  pigeon_string text(std::string_view text);
  const pigeon_object* object(const Object& object);
  const pigeon_slice* slice(const Slice& slice);

  // From now on, whoever touches what was lent dies.
  void take_back();

 private:
  char* begin_;
  char* free_;
};

}  // namespace pigeon::conformance
