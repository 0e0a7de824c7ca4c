// SPDX-License-Identifier: MIT
//
// An open file or directory, what is written to it and made durable, and a failed system call in words.
#pragma once

#include <pigeon/sdk/result.hpp>
#include <pigeon/sdk/text.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

namespace pigeon::inline v0 {

// Owns a file descriptor.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    if (this != &other) reset(std::exchange(other.fd_, -1));
    return *this;
  }
  ~Fd() { reset(); }

  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool is_open() const { return fd_ >= 0; }
  int release() { return std::exchange(fd_, -1); }
  void reset(int fd = -1) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = fd;
  }

 private:
  int fd_ = -1;
};

// A failed system call. `tried` names what was tried and on what.
inline Failure system_failure(const std::string& tried, int error) {
  const char* text = strerrordesc_np(error);
  auto met = failure(PIGEON_TEMPORARY, tried + ": " + (text != nullptr ? text : "unknown error"));
  switch (error) {
    case ENOSPC:
      met.status = PIGEON_NO_SPACE;
      met.dsn = {4, 3, 1};
      met.remedy = "free space, or inodes, on the file system";
      break;
    case EDQUOT:
      met.status = PIGEON_NO_SPACE;
      met.dsn = {4, 2, 2};
      met.remedy = "raise the file system quota of uid " + std::to_string(geteuid());
      break;
    case EACCES:
    case EPERM:
      met.status = PIGEON_MISCONFIGURED;
      met.remedy =
          "let uid " + std::to_string(geteuid()) +
          " do this (owner and mode of the path and of all above it), or start this as a user who may";
      break;
    case EROFS:
      met.status = PIGEON_MISCONFIGURED;
      met.remedy = "mount the file system for writing";
      break;
    case ELOOP:
    case EXDEV:
      met.status = PIGEON_MISCONFIGURED;
      met.remedy = "remove the symbolic link: links below the base directory are not followed";
      break;
    case ENOMEM:
      met.remedy = "give the machine memory, or raise the limit of memory (ulimit -v)";
      break;
    case EFBIG:
      met.remedy = "raise the limit of file size (ulimit -f), or have the MTA refuse what is larger";
      break;
    case EMFILE:
    case ENFILE:
      met.remedy = "raise the limit of open files";
      break;
    default:
      break;
  }
  return met;
}

template <typename Call>
auto retry(Call&& call) {
  for (;;) {
    const auto result = call();
    if (result >= 0 || errno != EINTR) return result;
  }
}

// Makes what was written to an open file or directory durable. A failure is final: after it, a second flush
// proves nothing, because the kernel has forgotten what it could not write.
inline Done flush(const Fd& fd, const std::string& shown) {
  if (::fsync(fd.get()) != 0) return system_failure("flush " + shown, errno);
  return {};
}

inline Done write_all(const Fd& fd, std::string_view bytes, const std::string& shown) {
  while (!bytes.empty()) {
    const auto written = retry([&] { return ::write(fd.get(), bytes.data(), bytes.size()); });
    if (written < 0) return system_failure("write " + shown, errno);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

}  // namespace pigeon::inline v0
