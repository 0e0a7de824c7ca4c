// SPDX-License-Identifier: MIT
//
// Files and directories in the way mail needs them: beneath a directory that the administrator named, never
// through a link, durable when a function says so, and every failure in words.
#pragma once

#include <pigeon/sdk/descriptor.hpp>
#include <pigeon/sdk/message.hpp>
#include <pigeon/sdk/result.hpp>
#include <pigeon/sdk/text.hpp>
#include <pigeon/sdk/time.hpp>

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pigeon::inline v0 {

// Gives the memory of a part of a mapped file that was read back to the system. REQUIRES: a shared mapping of
// a file.
inline void forget_pages(std::string_view read) {
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  const auto into_page = reinterpret_cast<std::uintptr_t>(read.data()) % page;
  const std::size_t before = into_page == 0 ? 0 : page - into_page;
  if (read.size() < before + page) return;
  const std::size_t whole = (read.size() - before) / page * page;
  // NOLINTNEXTLINE(*-const-cast): only forgets
  ::madvise(const_cast<char*>(read.data()) + before, whole, MADV_DONTNEED);
}

struct Written {
  std::uint64_t bytes = 0;
  std::uint64_t wire_size =
      0;  // with every line ended by CR LF, as IMAP and POP3 count (RFC 3501, section 2.3.4)
};

// Writes a whole message; of a large one, gives back the memory of what it has passed.
inline Result<Written> write_message(const Fd& fd, const Message& message, const std::string& shown) {
  constexpr std::size_t kChunk = 1U << 20U;
  Written written;
  char last = '\0';
  const auto account = [&](std::string_view bytes) {
    written.bytes += bytes.size();
    written.wire_size += bytes.size();
    for (auto at = bytes.find('\n'); at != std::string_view::npos; at = bytes.find('\n', at + 1)) {
      if ((at == 0 ? last : bytes[at - 1]) != '\r') ++written.wire_size;
    }
    if (!bytes.empty()) last = bytes.back();
  };
  // A small message goes out in one write; what is large is written from where it is.
  std::string small;
  const auto gather = [&](std::string_view part) -> Done {
    account(part);
    if (part.size() <= kChunk / 16) small += part;
    if (part.size() <= kChunk / 16 && small.size() <= kChunk / 16) return {};
    PIGEON_TRY(write_all(fd, small, shown));
    small.clear();
    if (part.size() > kChunk / 16) PIGEON_TRY(write_all(fd, part, shown));
    return {};
  };
  for (const auto& segment : message.prefix()) PIGEON_TRY(gather(view(segment)));
  std::string_view body = message.body();
  if (body.size() <= kChunk / 16) {
    PIGEON_TRY(gather(body));
    body = {};
  }
  PIGEON_TRY(write_all(fd, small, shown));
  for (std::size_t at = 0; at < body.size(); at += kChunk) {
    const auto chunk = body.substr(at, kChunk);
    account(chunk);
    PIGEON_TRY(write_all(fd, chunk, shown));
    if (message.is_mapped() && body.size() > kChunk) forget_pages(chunk);
  }
  return written;
}

// One component of a path, and one that leads nowhere else.
inline bool is_file_name(std::string_view name) {
  return !name.empty() && name != "." && name != ".." && name.size() <= NAME_MAX &&
         name.find('/') == std::string_view::npos && name.find('\0') == std::string_view::npos;
}

// A directory, held open: what is reached through it stays below it, wherever the name now points.
class Directory {
 public:
  Directory() = default;
  Directory(Fd fd, std::string shown) : fd_(std::move(fd)), shown_(std::move(shown)) {}

  // The administrator's own directory, by absolute path; links in the path to it are his own.
  static Result<std::optional<Directory>> open(const std::string& path) {
    Fd fd(retry([&] { return ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); }));
    if (!fd.is_open() && errno == ENOENT) return std::nullopt;
    if (!fd.is_open()) return system_failure("open directory " + path, errno);
    return Directory(std::move(fd), path);
  }

  // A directory below this one, or ".". No component may be a link; none may lead out.
  [[nodiscard]] Result<std::optional<Directory>> find(const std::string& relative) const {
    auto fd = PIGEON_TRY(open_beneath(relative, O_RDONLY | O_DIRECTORY));
    if (!fd) return std::nullopt;
    return Directory(*std::move(fd), relative == "." ? shown_ : below(relative));
  }

  // The directory of this name, made with mode 0700 if it is not there. The caller flushes this one, once it
  // has made all that it needs: that a name can be seen does not mean that it would survive.
  [[nodiscard]] Result<Directory> make(const std::string& name) const {
    PIGEON_TRY(check_name(name));
    if (::mkdirat(fd_.get(), name.c_str(), 0700) != 0 && errno != EEXIST) {
      return system_failure("make directory " + below(name), errno);
    }
    auto made = PIGEON_TRY(find(name));
    if (!made) return temporary("make directory " + below(name) + ": it vanished at once");
    struct stat status = {};
    if (::fstat(made->fd_.get(), &status) != 0) return system_failure("examine " + below(name), errno);
    if (status.st_uid != ::geteuid() || (status.st_mode & 022U) != 0) {
      return misconfigured("use directory " + below(name) + ": it must belong to uid " +
                           std::to_string(::geteuid()) + " and be writable by nobody else")
          .with_remedy("chown " + std::to_string(::geteuid()) + " and chmod go-w " + below(name) +
                       ", if you know why it is there");
    }
    return *std::move(made);
  }

  // A file below this one, for reading.
  [[nodiscard]] Result<std::optional<Fd>> open_file(const std::string& name, int flags = O_RDONLY) const {
    return open_beneath(name, flags | O_NOFOLLOW | O_NONBLOCK);
  }

  // A small file, whole.
  [[nodiscard]] Result<std::optional<std::string>> read_file(const std::string& name,
                                                             std::size_t most) const {
    const auto fd = PIGEON_TRY(open_file(name));
    if (!fd) return std::nullopt;
    struct stat status = {};
    if (::fstat(fd->get(), &status) != 0) return system_failure("examine " + below(name), errno);
    if (!S_ISREG(status.st_mode) || static_cast<std::uint64_t>(status.st_size) > most) {
      return misconfigured("read " + below(name) + ": not a regular file of at most " + std::to_string(most) +
                           " bytes")
          .with_remedy("look at " + shell_word(below(name)) + ", and put back what should be there");
    }
    std::string text(static_cast<std::size_t>(status.st_size), '\0');
    const auto got = retry([&] { return ::pread(fd->get(), text.data(), text.size(), 0); });
    if (got < 0) return system_failure("read " + below(name), errno);
    text.resize(static_cast<std::size_t>(got));
    return text;
  }

  // A new, empty file below this directory, for writing. Nothing: there is something of that name already, be
  // it a link; it is not touched.
  [[nodiscard]] Result<std::optional<Fd>> create_file(const std::string& name) const {
    if (name.find('\0') != std::string::npos) return check_name(name).failure();
    Fd fd(openat2(name, O_WRONLY | O_CREAT | O_EXCL, 0600));
    if (!fd.is_open() && errno == EEXIST) return std::nullopt;
    if (!fd.is_open()) return system_failure("create " + below(name), errno);
    return fd;
  }

  // A file appears under `name`, whole, with its content durable, unless there is one of that name already:
  // then false. `write` is given the file, open for writing, and returns a Done. The name is durable once
  // this directory was flushed. Any number of processes may try at once, and whoever dies leaves nothing
  // behind; except on a file system without unnamed files (NFS), where a dead process may leave a hidden
  // temporary name. After a failure that may have happened the file may be there.
  template <typename Write>
  [[nodiscard]] Result<bool> appear(const std::string& name, Write&& write) const {
    PIGEON_TRY(check_name(name));
    std::string temporary_name;
    Fd fd(retry([&] { return ::openat(fd_.get(), ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600); }));
    if (!fd.is_open() && (errno == EOPNOTSUPP || errno == EISDIR)) {
      temporary_name = "." + name + "." + std::to_string(::getpid()) + "." +
                       std::to_string(Clock::now().time_since_epoch().count());
      auto created = PIGEON_TRY(create_file(temporary_name));
      if (created) fd = *std::move(created);
    }
    if (!fd.is_open()) return system_failure("create a temporary file in " + shown_, errno);
    Done written = write(std::as_const(fd));
    if (written) written = pigeon::flush(fd, below(name));
    auto appeared = written ? give_name(fd, temporary_name, name) : Result<bool>(written.failure());
    if (!temporary_name.empty()) ::unlinkat(fd_.get(), temporary_name.c_str(), 0);
    return appeared;
  }

  // As `appear`, with this text, and the name is durable as well.
  [[nodiscard]] Result<bool> publish(const std::string& name, std::string_view text) const {
    const auto write = [&](const Fd& fd) { return write_all(fd, text, below(name)); };
    const bool appeared = PIGEON_TRY(appear(name, write));
    // Also where another process was first: it may not have come so far.
    if (auto flushed = flush(); !flushed) {
      flushed.failure().may_have_happened = true;
      return flushed.failure();
    }
    return appeared;
  }

  // Atomic, also between directories of one file system. Replaces what is there. This and the next two take
  // what stands directly in the directory: `name` is no path.
  [[nodiscard]] Done rename(const std::string& name, const Directory& to, const std::string& new_name) const {
    PIGEON_TRY(check_name(name));
    PIGEON_TRY(check_name(new_name));
    if (::renameat(fd_.get(), name.c_str(), to.fd_.get(), new_name.c_str()) == 0) return {};
    return system_failure("rename " + below(name) + " to " + to.below(new_name), errno);
  }
  // False: it was not there.
  [[nodiscard]] Result<bool> remove(const std::string& name, int flags = 0) const {
    PIGEON_TRY(check_name(name));
    if (::unlinkat(fd_.get(), name.c_str(), flags) == 0) return true;
    if (errno == ENOENT) return false;
    return system_failure("remove " + below(name), errno);
  }
  [[nodiscard]] Result<bool> has(const std::string& name) const {
    PIGEON_TRY(check_name(name));
    struct stat status = {};
    if (::fstatat(fd_.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0) return true;
    if (errno == ENOENT) return false;
    return system_failure("look for " + below(name), errno);
  }

  // The names in it, without "." and "..", in no order.
  [[nodiscard]] Result<std::vector<std::string>> names() const {
    std::vector<std::string> found;
    // The stream takes a descriptor over, and the position with it: hence one of its own.
    const int own = ::openat(fd_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (own < 0) return system_failure("list " + shown_, errno);
    const std::unique_ptr<DIR, int (*)(DIR*)> stream(::fdopendir(own), ::closedir);
    if (!stream) {
      ::close(own);
      return system_failure("list " + shown_, errno);
    }
    for (;;) {
      errno = 0;
      const dirent* entry = ::readdir(stream.get());  // NOLINT(concurrency-mt-unsafe): one stream, one thread
      if (entry == nullptr && errno != 0) return system_failure("list " + shown_, errno);
      if (entry == nullptr) return found;
      const std::string_view name = entry->d_name;
      if (name != "." && name != "..") found.emplace_back(name);
    }
  }

  [[nodiscard]] Done flush() const { return pigeon::flush(fd_, shown_); }
  [[nodiscard]] int fd() const { return fd_.get(); }
  [[nodiscard]] const std::string& shown() const { return shown_; }
  [[nodiscard]] std::string below(const std::string& name) const { return shown_ + "/" + name; }

 private:
  // What is made is made here: a name that leads elsewhere is a mistake of the caller's.
  [[nodiscard]] Done check_name(const std::string& name) const {
    if (is_file_name(name)) return {};
    return failure(PIGEON_BUG, "use '" + printable(name) + "' in " + shown_ + ": it is not a single name");
  }

  // Never through a link, never out of this directory.
  [[nodiscard]] int openat2(const std::string& relative, int flags, mode_t mode = 0) const {
    open_how how = {};
    how.flags = static_cast<__u64>(flags | O_CLOEXEC);
    how.mode = mode;
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
    return static_cast<int>(
        retry([&] { return ::syscall(SYS_openat2, fd_.get(), relative.c_str(), &how, sizeof how); }));
  }

  [[nodiscard]] Result<std::optional<Fd>> open_beneath(const std::string& relative, int flags) const {
    Fd fd(openat2(relative, flags));
    if (!fd.is_open() && errno == ENOENT) return std::nullopt;
    if (!fd.is_open()) return system_failure("open " + below(relative), errno);
    return fd;
  }

  [[nodiscard]] Result<bool> give_name(const Fd& fd, const std::string& temporary_name,
                                       const std::string& name) const {
    const auto unnamed = "/proc/self/fd/" + std::to_string(fd.get());
    const int linked = temporary_name.empty()
                           ? ::linkat(AT_FDCWD, unnamed.c_str(), fd_.get(), name.c_str(), AT_SYMLINK_FOLLOW)
                           : ::linkat(fd_.get(), temporary_name.c_str(), fd_.get(), name.c_str(), 0);
    if (linked == 0) return true;
    if (errno == EEXIST) return false;
    auto met = system_failure("name " + below(name), errno);
    met.may_have_happened = true;
    return met;
  }

  Fd fd_;
  std::string shown_;
};

}  // namespace pigeon::inline v0
