// SPDX-License-Identifier: MIT
//
// Outcomes are values: an operation that can fail returns a Result, and a Failure says who has to act.
#pragma once

#include <pigeon/abi/status.h>

#include <concepts>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

namespace pigeon::inline v0 {

// An RFC 3463 status: class.subject.detail. Zero: let the host choose.
struct Dsn {
  unsigned short of_class = 0;
  unsigned short subject = 0;
  unsigned short detail = 0;
  friend bool operator==(const Dsn&, const Dsn&) = default;
};

// One failure, in the three texts of pigeon_error.
struct [[nodiscard]] Failure {
  pigeon_status status = PIGEON_TEMPORARY;
  std::string detail;  // for the log: what was tried, on what, and what the system said
  std::string remedy;  // for the administrator: what to do next
  std::string reason;  // for the sender; empty: the host has a sentence for every status
  Dsn dsn;
  bool may_have_happened = false;

  // Each returns itself with one more thing said, so that a failure reads as a sentence where it is made.
  Failure with_remedy(std::string text) && {
    remedy = std::move(text);
    return std::move(*this);
  }
  Failure with_reason(Dsn code, std::string text) && {
    dsn = code;
    reason = std::move(text);
    return std::move(*this);
  }
  // Puts what the caller was doing in front of what the callee met.
  Failure while_doing(const std::string& what) && {
    detail = what + ": " + detail;
    return std::move(*this);
  }
};

inline Failure failure(pigeon_status status, std::string detail) {
  return Failure{.status = status, .detail = std::move(detail), .remedy = {}, .reason = {}, .dsn = {}};
}
inline Failure temporary(std::string detail) {
  return failure(PIGEON_TEMPORARY, std::move(detail));
}
inline Failure unavailable(std::string detail) {
  return failure(PIGEON_UNAVAILABLE, std::move(detail));
}
inline Failure misconfigured(std::string detail) {
  return failure(PIGEON_MISCONFIGURED, std::move(detail));
}

// A value or a Failure. Result<std::optional<T>> has three answers: found, not there, could not ask.
template <typename T>
class [[nodiscard]] Result {
 public:
  // Implicit, so that `return value;` and `return std::nullopt;` read as answers.
  template <typename U>
  requires(std::convertible_to<U, T> && !std::same_as<std::remove_cvref_t<U>, Failure>)
      Result(U&& value)  // NOLINT(bugprone-forwarding-reference-overload): constrained above
      : held_(std::in_place_index<0>, std::forward<U>(value)) {}
  Result(Failure failure) : held_(std::in_place_index<1>, std::move(failure)) {}

  explicit operator bool() const { return held_.index() == 0; }
  // REQUIRES: *this holds a value.
  T& operator*() & { return *std::get_if<0>(&held_); }
  const T& operator*() const& { return *std::get_if<0>(&held_); }
  // By value, so that `for (auto& each : *call())` does not look into what is gone.
  T operator*() && { return std::move(*std::get_if<0>(&held_)); }
  T* operator->() { return std::get_if<0>(&held_); }
  const T* operator->() const { return std::get_if<0>(&held_); }
  // REQUIRES: *this holds a failure.
  Failure& failure() & { return *std::get_if<1>(&held_); }
  const Failure& failure() const& { return *std::get_if<1>(&held_); }
  Failure&& failure() && { return std::move(*std::get_if<1>(&held_)); }

 private:
  std::variant<T, Failure> held_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Failure failure) : failure_(std::move(failure)) {}

  explicit operator bool() const { return !failure_.has_value(); }
  // REQUIRES: *this holds a failure.
  Failure& failure() & { return *failure_; }
  const Failure& failure() const& { return *failure_; }
  Failure&& failure() && { return std::move(*failure_); }

 private:
  std::optional<Failure> failure_;
};

using Done = Result<void>;

}  // namespace pigeon::inline v0

// The value of a Result, or out of this function with its failure. A statement expression: GCC and Clang, the
// compilers that we support, have it, and with it a delivery reads as its protocol.
#define PIGEON_TRY(expression)                                     \
  __extension__({                                                  \
    auto pigeon_result = (expression);                             \
    if (!pigeon_result) return std::move(pigeon_result).failure(); \
    ::pigeon::take(std::move(pigeon_result));                      \
  })

namespace pigeon::inline v0 {
template <typename T>
T take(Result<T>&& result) {
  return *std::move(result);
}
inline void take(Result<void>&& /*result*/) {}
}  // namespace pigeon::inline v0
