// SPDX-License-Identifier: MIT
#include "host/spool.hpp"

#include <poll.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string>
#include <utility>

namespace pigeon::host {
namespace {

constexpr std::size_t kChunk = 65'536;

// The next bytes; 0 at the end of the input.
Result<std::size_t> read_some(int input, char* to, std::size_t size, Deadline deadline) {
  for (;;) {
    // Asked each time: there may always be more to read.
    if (deadline.passed()) return failure(PIGEON_TIMEOUT, "read the message: it did not end in time");
    pollfd ready = {input, POLLIN, 0};
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline.left()).count();
    const int polled = ::poll(&ready, 1, static_cast<int>(std::clamp<std::int64_t>(left, 0, 1'000'000)));
    if (polled < 0 && errno == EINTR) continue;
    if (polled < 0) return system_failure("wait for the message", errno);
    if (polled == 0) continue;
    const auto got = ::read(input, to, size);
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno == EINTR || errno == EAGAIN) continue;
    const bool is_no_input = errno == EBADF || errno == EISDIR;
    auto met = system_failure("read the message", errno);
    if (is_no_input) met.remedy = "have the MTA give the message on standard input";
    return met;
  }
}

// Written to once and never initialised: a small message touches one page of it.
struct Chunk {
  std::array<char, kChunk> bytes;
};

Result<Fd> memory_file() {
  Fd file(::memfd_create("message", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!file.is_open()) return system_failure("keep the message in memory", errno);
  return file;
}

Done seal(const Fd& file) {
  if (::fcntl(file.get(), F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) != 0) {
    return system_failure("seal the message", errno);
  }
  return {};
}

Result<Fd> unnamed_file(const std::string& directory) {
  Fd file(::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (file.is_open()) return file;
  if (errno == EOPNOTSUPP || errno == EISDIR) {
    auto name = directory + "/pigeon-message.XXXXXX";
    file.reset(::mkostemp(name.data(), O_CLOEXEC));
    if (file.is_open()) ::unlink(name.c_str());
    if (file.is_open()) return file;
  }
  auto met = system_failure("keep a large message in " + directory, errno).while_doing("spool the message");
  if (errno == ENOENT || errno == ENOTDIR) {
    met.status = PIGEON_MISCONFIGURED;
    met.remedy = "make that directory, or correct \"spool\": {\"directory\"}";
  }
  return met;
}

// The same file, open for reading only.
Result<Fd> read_only(const Fd& file) {
  Fd again(::open(("/proc/self/fd/" + std::to_string(file.get())).c_str(), O_RDONLY | O_CLOEXEC));
  if (!again.is_open()) return system_failure("reopen the message for reading", errno);
  return again;
}

}  // namespace

Result<Spool> Spool::read(int input, const SpoolSettings& settings, std::optional<std::uint64_t> limit,
                          Deadline deadline) {
  auto writer = PIGEON_TRY(Writer::open(settings));
  std::uint64_t size = 0;
  bool too_large = false;
  Chunk chunk;  // NOLINT(*-member-init): see there
  for (;;) {
    const auto got = PIGEON_TRY(read_some(input, chunk.bytes.data(), chunk.bytes.size(), deadline));
    if (got == 0) break;
    size += got;
    too_large = too_large || (limit && size > *limit);
    if (!too_large) PIGEON_TRY(writer.add(std::string_view(chunk.bytes.data(), got)));
  }
  if (too_large) {
    return failure(PIGEON_MESSAGE_REFUSED, "the message has " + std::to_string(size) +
                                               " bytes, the limit is " + std::to_string(*limit))
        .with_remedy("raise \"messageLimit\", or have the MTA refuse earlier")
        .with_reason({5, 3, 4}, "the message is too large");
  }
  return std::move(writer).end();
}

Result<Spool::Writer> Spool::Writer::open(const SpoolSettings& settings) {
  return Writer(settings, PIGEON_TRY(memory_file()));
}

Done Spool::Writer::add(std::string_view bytes) {
  size_ += bytes.size();
  if (in_memory_ && size_ > settings_->memory) {
    const auto begun = PIGEON_TRY(map(std::move(file_)));
    file_ = PIGEON_TRY(unnamed_file(settings_->directory));
    in_memory_ = false;
    PIGEON_TRY(write_all(file_, begun.text(), "the message in " + settings_->directory));
  }
  return write_all(file_, bytes,
                   in_memory_ ? "the message in memory" : "the message in " + settings_->directory);
}

Result<Spool> Spool::Writer::end() && {
  if (!in_memory_) return map(PIGEON_TRY(read_only(file_)));
  PIGEON_TRY(seal(file_));
  return map(std::move(file_));
}

Result<Spool> Spool::map(Fd file) {
  const auto size = ::lseek(file.get(), 0, SEEK_END);
  if (size < 0) return system_failure("measure the message", errno);
  if (size == 0) return Spool(std::move(file), nullptr, 0);
  const auto length = static_cast<std::size_t>(size);
  const void* mapped = ::mmap(nullptr, length, PROT_READ, MAP_SHARED, file.get(), 0);
  if (mapped == MAP_FAILED) return system_failure("map the message", errno);
  return Spool(std::move(file), mapped, length);
}

Spool::Spool(Spool&& other) noexcept
    : file_(std::move(other.file_)),
      mapped_(std::exchange(other.mapped_, nullptr)),
      size_(std::exchange(other.size_, 0)) {}

Spool::~Spool() {
  if (mapped_ != nullptr)
    ::munmap(const_cast<void*>(mapped_), size_);  // NOLINT(*-const-cast): munmap takes no const
}

void drain(int input, Deadline deadline) {
  Chunk chunk;  // NOLINT(*-member-init): see there
  for (;;) {
    const auto got = read_some(input, chunk.bytes.data(), chunk.bytes.size(), deadline);
    if (!got || *got == 0) return;
  }
}

}  // namespace pigeon::host
