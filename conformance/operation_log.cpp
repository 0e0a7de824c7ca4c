// SPDX-License-Identifier: MIT
#include "conformance/operation_log.hpp"

#include "conformance/snapshot.hpp"
#include "conformance/tracer.hpp"

#include <pigeon/sdk/text.hpp>

#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace pigeon::conformance {
namespace fs = std::filesystem;
namespace {

constexpr int kHere = -1;  // no argument: the working directory
constexpr int kNone = -2;

// Where a call has its names: the numbers of its arguments.
struct Names {
  int directory = kNone;
  int path = kNone;
  int to_directory = kNone;
  int to_path = kNone;
};

Names names_of(long number) {
  switch (number) {
#ifdef SYS_open
    case SYS_open:
    case SYS_creat:
    case SYS_mkdir:
    case SYS_mknod:
    case SYS_unlink:
    case SYS_rmdir:
    case SYS_chmod:
      return {kHere, 0};
    case SYS_rename:
    case SYS_link:
      return {kHere, 0, kHere, 1};
    case SYS_symlink:
      return {kHere, 1};
#endif
#ifdef SYS_renameat
    case SYS_renameat:
#endif
    case SYS_renameat2:
    case SYS_linkat:
      return {0, 1, 2, 3};
    case SYS_openat:
    case SYS_openat2:
    case SYS_mkdirat:
    case SYS_mknodat:
    case SYS_unlinkat:
    case SYS_fchmodat:
      return {0, 1};
    case SYS_symlinkat:
      return {1, 2};
    case SYS_truncate:
      return {kHere, 0};
    default:
      return {};
  }
}

bool is_one_of(long number, std::initializer_list<long> list) {
  return std::find(list.begin(), list.end(), number) != list.end();
}

std::string path_of_descriptor(pid_t process, std::uint64_t descriptor) {
  return "/proc/" + std::to_string(process) + "/fd/" + std::to_string(static_cast<int>(descriptor));
}

struct OpenFile {
  std::uint64_t position = 0;
  std::uint64_t flags = 0;
};
OpenFile open_file(pid_t process, std::uint64_t descriptor) {
  std::ifstream text("/proc/" + std::to_string(process) + "/fdinfo/" +
                     std::to_string(static_cast<int>(descriptor)));
  OpenFile file;
  std::string word;
  while (text >> word) {
    if (word == "pos:") text >> std::dec >> file.position;
    if (word == "flags:") text >> std::oct >> file.flags;
  }
  return file;
}

std::string shown_path(const std::string& descriptor) {
  std::error_code ignored;  // it is shown only
  const auto target = fs::read_symlink(descriptor, ignored).string();
  return target.empty() ? descriptor : target;
}

std::string whole(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

}  // namespace

OperationLog::OperationLog(const std::string& directory) : top_(load(directory)) {}

std::optional<struct stat> OperationLog::status_of(const std::string& path, bool follow) {
  struct stat status = {};
  const int done = follow ? ::stat(path.c_str(), &status) : ::lstat(path.c_str(), &status);
  if (done != 0) return std::nullopt;
  return status;
}

Node* OperationLog::made(const std::string& path) {
  auto& node = nodes_.emplace_back();
  const auto status =
      status_of(path, starts_with(path, "/proc/") && path.find("/fd/") == path.rfind('/') - 3);
  if (!status) return &node;
  node.mode = status->st_mode & 07777U;
  node.kind = S_ISDIR(status->st_mode)   ? Node::Kind::directory
              : S_ISLNK(status->st_mode) ? Node::Kind::link
                                         : Node::Kind::file;
  by_identity_[{status->st_dev, status->st_ino}] = &node;
  return &node;
}

Node* OperationLog::load(const std::string& path) {
  if (const auto status = status_of(path, false)) {
    const auto found = by_identity_.find({status->st_dev, status->st_ino});
    if (found != by_identity_.end()) return found->second;  // a second name
  }
  auto* node = made(path);
  if (node->kind == Node::Kind::file) node->content = whole(path);
  if (node->kind == Node::Kind::link) node->content = fs::read_symlink(path).string();
  if (node->kind != Node::Kind::directory) return node;
  for (const auto& entry : fs::directory_iterator(path))
    node->names[entry.path().filename().string()] = load(entry.path().string());
  return node;
}

// What a descriptor's path, or a name, stands for. A descriptor is followed; a name is not.
Node* OperationLog::known(const std::string& path) const {
  const bool is_descriptor = starts_with(path, "/proc/") && path.find("/fd/") == path.rfind('/') - 3;
  const auto status = status_of(path, is_descriptor);
  if (!status) return nullptr;
  const auto found = by_identity_.find({status->st_dev, status->st_ino});
  return found == by_identity_.end() ? nullptr : found->second;
}

OperationLog::Place OperationLog::named(pid_t process, int directory, const std::string& path) {
  const auto proc = "/proc/" + std::to_string(process);
  const auto base = directory == AT_FDCWD
                        ? proc + "/cwd"
                        : path_of_descriptor(process, static_cast<std::uint64_t>(directory));
  auto full = starts_with(path, "/") ? path : base + "/" + path;
  while (full.size() > 1 && full.back() == '/') full.pop_back();
  // What it calls itself is not what we are.
  if (constexpr std::string_view kSelf = "/proc/self/"; starts_with(full, kSelf))
    full = proc + "/" + full.substr(kSelf.size());
  Place place;
  const auto slash = full.rfind('/');
  place.name = full.substr(slash + 1);
  place.path = full;
  place.shown = starts_with(path, "/") ? path : shown_path(base) + "/" + path;
  return place;
}

OperationLog::Place OperationLog::place(pid_t process, std::uint64_t directory, std::uint64_t path) const {
  auto found = named(process, static_cast<int>(directory), string_of(process, path));
  const auto above = found.path.substr(0, found.path.rfind('/'));
  if (const auto status = status_of(above.empty() ? "/" : above, true)) {
    const auto node = by_identity_.find({status->st_dev, status->st_ino});
    if (node != by_identity_.end()) found.directory = node->second;
  }
  return found;
}

void OperationLog::look_at_names(pid_t process, const SystemCall& call, Pending& pending) const {
  const auto names = names_of(call.number);
  const auto at = [&](int directory, int path) {
    const auto base = directory == kHere ? static_cast<std::uint64_t>(AT_FDCWD)
                                         : call.arguments.at(static_cast<std::size_t>(directory));
    return place(process, base, call.arguments.at(static_cast<std::size_t>(path)));
  };
  if (names.path == kNone) return;
  pending.place = at(names.directory, names.path);
  pending.was_there = status_of(pending.place->path, false).has_value();
  pending.node = known(pending.place->path);
  if (names.to_path != kNone) pending.to = at(names.to_directory, names.to_path);
}

// Calls on a descriptor: which file, and where in it.
void OperationLog::look_at_file(pid_t process, const SystemCall& call, Pending& pending) const {
  const auto path = path_of_descriptor(process, call.arguments[0]);
  pending.node = known(path);
  const bool takes_offset = is_one_of(call.number, {SYS_pwrite64, SYS_pwritev, SYS_pwritev2});
  if (!takes_offset && !is_one_of(call.number, {SYS_write, SYS_writev})) return;
  const auto file = open_file(process, call.arguments[0]);
  const auto more = call.number == SYS_pwritev2 ? call.arguments[5] : 0;
  const bool at_position = !takes_offset || call.arguments[3] == UINT64_MAX;
  pending.offset = at_position ? file.position : call.arguments[3];
  const auto status = status_of(path, true);
  if (status && ((file.flags & O_APPEND) != 0 || (more & RWF_APPEND) != 0))
    pending.offset = static_cast<std::uint64_t>(status->st_size);
  pending.is_synchronous = (file.flags & O_DSYNC) != 0 || (more & (RWF_DSYNC | RWF_SYNC)) != 0;
}

void OperationLog::before(pid_t process, const SystemCall& call) {
  const auto traits = traits_of(call.number);
  if ((traits & kTalks) != 0) has_talked_ = true;
  if ((traits & kChanges) == 0) return watch_hidden(process, call);
  Pending pending;
  look_at_names(process, call, pending);
  if (!pending.place) look_at_file(process, call, pending);
  pending_[process] = std::move(pending);
}

void OperationLog::after(pid_t process, const SystemCall& call) {
  if (call.number == SYS_mmap && !call.failed()) mapped(process, call);
  if ((traits_of(call.number) & kChanges) == 0) return;
  auto pending = std::move(pending_[process]);
  if (understand(process, call, pending)) {
    ++understood_[call.number];
  } else {
    miss("it makes a change whose survival is not known: " + name_of(call.number));
  }
}

void OperationLog::add(const SystemCall& call, Operation operation) {
  operation.said = call.said;
  operations_.push_back(std::move(operation));
}

void OperationLog::miss(const std::string& why) {
  if (unseen_.empty()) unseen_ = why;
}

void OperationLog::changed_elsewhere(const Place& place) {
  miss("it changes " + place.shown + ", outside of the directory that it was given");
}

// False: what it does is not known here.
bool OperationLog::understand(pid_t process, const SystemCall& call, Pending& pending) {
  using Kind = Operation::Kind;
  const auto number = call.number;
  if ((traits_of(number) & kFlushes) != 0 || number == SYS_sync) {
    const bool of_all = number == SYS_syncfs || number == SYS_sync;
    if (of_all || pending.node != nullptr) {
      add(call,
          {.kind = of_all ? Kind::flush_all : Kind::flush, .node = pending.node, .failed = call.failed()});
    }
    return true;
  }
  if (call.failed()) return true;
  if ((traits_of(number) & kOpens) != 0) {
    opened(process, call, pending);
  } else if (pending.to && number != SYS_linkat && name_of(number) != "link") {
    return moved(call, pending);
  } else if (pending.to) {
    pending.place = pending.to;
    appeared(call, pending, false);
  } else if (is_one_of(number, {SYS_mkdirat, SYS_symlinkat, SYS_mknodat}) || name_of(number) == "mkdir" ||
             name_of(number) == "symlink" || name_of(number) == "mknod") {
    appeared(call, pending, true);
  } else if (number == SYS_unlinkat || name_of(number) == "unlink" || name_of(number) == "rmdir") {
    if (pending.place->directory == nullptr) return changed_elsewhere(*pending.place), true;
    add(call, {.kind = Kind::vanish,
               .node = pending.place->directory,
               .name = pending.place->name,
               .target = pending.node});
  } else if (is_one_of(number, {SYS_write, SYS_pwrite64, SYS_writev, SYS_pwritev, SYS_pwritev2})) {
    wrote(process, call, pending);
  } else if (number == SYS_ftruncate || number == SYS_truncate) {
    if (pending.node != nullptr)
      add(call, {.kind = Kind::truncate, .node = pending.node, .offset = call.arguments[1]});
    else if (pending.place)
      changed_elsewhere(*pending.place);
  } else if (number == SYS_fallocate) {
    return allocated(call, pending);
  } else if (number == SYS_fchmod || number == SYS_fchmodat || name_of(number) == "chmod") {
    if (pending.node != nullptr)
      pending.node->mode = static_cast<mode_t>(call.arguments[number == SYS_fchmodat ? 2 : 1]) & 07777U;
  }
  return true;  // owners, times and attributes do not decide what a message says
}

void OperationLog::opened(pid_t process, const SystemCall& call, const Pending& pending) {
  const auto path = path_of_descriptor(process, static_cast<std::uint64_t>(call.result));
  if ((call.open_flags & O_TMPFILE) == O_TMPFILE) {
    made(path);
  } else if ((call.open_flags & O_CREAT) != 0 && !pending.was_there) {
    auto* node = made(path);
    if (pending.place->directory == nullptr) return changed_elsewhere(*pending.place);
    add(call, {.kind = Operation::Kind::appear,
               .node = pending.place->directory,
               .name = pending.place->name,
               .target = node});
  } else if ((call.open_flags & O_TRUNC) != 0) {
    const auto status = status_of(path, true);
    if (auto* node = known(path); node != nullptr) {
      add(call, {.kind = Operation::Kind::truncate, .node = node});
    } else if (status && S_ISREG(status->st_mode)) {
      changed_elsewhere(*pending.place);
    }
  }
}

void OperationLog::appeared(const SystemCall& call, const Pending& pending, bool is_new) {
  const auto& at = *pending.place;
  if (at.directory == nullptr) return changed_elsewhere(at);
  auto* node = is_new ? made(at.path) : known(at.path);
  if (node == nullptr) return miss("it gives a file from elsewhere the name " + at.shown);
  if (node->kind == Node::Kind::link && is_new) {
    std::error_code ignored;  // then it leads nowhere
    node->content = fs::read_symlink(at.path, ignored).string();
  }
  add(call, {.kind = Operation::Kind::appear, .node = at.directory, .name = at.name, .target = node});
}

bool OperationLog::moved(const SystemCall& call, const Pending& pending) {
  if (call.number == SYS_renameat2 && (call.arguments[4] & ~std::uint64_t{RENAME_NOREPLACE}) != 0)
    return false;
  const auto& from = *pending.place;
  const auto& to = *pending.to;
  if (from.directory == nullptr || to.directory == nullptr)
    return changed_elsewhere(to.directory == nullptr ? to : from), true;
  add(call, {.kind = Operation::Kind::move,
             .node = from.directory,
             .name = from.name,
             .target = pending.node,
             .to = to.directory,
             .new_name = to.name});
  return true;
}

void OperationLog::wrote(pid_t process, const SystemCall& call, const Pending& pending) {
  if (pending.node == nullptr) {
    const auto path = path_of_descriptor(process, call.arguments[0]);
    const auto status = status_of(path, true);
    const bool is_file = status && S_ISREG(status->st_mode) && status->st_nlink > 0;
    if (is_file && call.arguments[0] > STDERR_FILENO)
      miss("it changes " + shown_path(path) + ", outside of the directory that it was given");
    return;
  }
  auto left = static_cast<std::size_t>(call.result);
  std::string bytes;
  if (call.number == SYS_write || call.number == SYS_pwrite64) {
    bytes = bytes_of(process, call.arguments[1], left);
  } else {
    std::vector<iovec> parts(static_cast<std::size_t>(call.arguments[2]));
    const auto array = bytes_of(process, call.arguments[1], parts.size() * sizeof(iovec));
    std::memcpy(parts.data(), array.data(), array.size());
    for (const auto& part : parts) {
      const auto count = std::min(left, part.iov_len);
      bytes += bytes_of(process, reinterpret_cast<std::uint64_t>(part.iov_base), count);
      left -= count;
    }
  }
  if (bytes.size() != static_cast<std::size_t>(call.result)) miss("what it wrote could not be read");
  add(call, {.kind = Operation::Kind::write,
             .node = pending.node,
             .offset = pending.offset,
             .bytes = std::move(bytes)});
  if (pending.is_synchronous) add(call, {.kind = Operation::Kind::flush, .node = pending.node});
}

bool OperationLog::allocated(const SystemCall& call, const Pending& pending) {
  const auto mode = call.arguments[1];
  if (pending.node == nullptr || mode == FALLOC_FL_KEEP_SIZE) return true;
  if (mode != 0) return false;
  // A byte that is written where there was none makes a file longer, as this does.
  add(call, {.kind = Operation::Kind::write,
             .node = pending.node,
             .offset = call.arguments[2] + call.arguments[3]});
  return true;
}

void OperationLog::mapped(pid_t process, const SystemCall& call) {
  const auto type = call.arguments[3] & MAP_TYPE;
  const auto descriptor = static_cast<int>(call.arguments[4]);
  if ((type != MAP_SHARED && type != MAP_SHARED_VALIDATE) || descriptor < 0 ||
      (call.arguments[3] & MAP_ANONYMOUS) != 0)
    return;
  const auto path = path_of_descriptor(process, call.arguments[4]);
  const auto status = status_of(path, true);
  auto* node = known(path);
  if (!status || !S_ISREG(status->st_mode) || (status->st_nlink == 0 && node == nullptr)) return;
  const auto shown = shown_path(path);
  if (node != nullptr && is_index_of_sqlite(shown)) {
    node->is_volatile = true;
  } else if ((call.arguments[2] & PROT_WRITE) != 0) {
    miss("it writes to " + shown + " through memory (a shared mapping), which cannot be seen");
  } else if ((open_file(process, call.arguments[4]).flags & O_ACCMODE) != O_RDONLY) {
    shared_mappings_[static_cast<std::uint64_t>(call.result)] = call.arguments[1];
  }
}

// Calls that move bytes, or let them be moved, where nobody sees them.
void OperationLog::watch_hidden(pid_t process, const SystemCall& call) {
  const auto is_file = [&](std::uint64_t descriptor) {
    const auto status = status_of(path_of_descriptor(process, descriptor), true);
    return status && S_ISREG(status->st_mode);
  };
  const auto& a = call.arguments;
  const bool clones = call.number == SYS_ioctl && (a[1] == FICLONE || a[1] == FICLONERANGE);
  const bool hides = is_one_of(call.number, {SYS_io_uring_setup, SYS_io_uring_enter, SYS_io_submit}) ||
                     (call.number == SYS_sendfile && is_file(a[0])) ||
                     (is_one_of(call.number, {SYS_splice, SYS_copy_file_range}) && is_file(a[2])) || clones;
  if (hides) miss("it uses " + name_of(call.number) + ", whose effects cannot be seen");
  if (call.number != SYS_mprotect || (a[2] & PROT_WRITE) == 0) return;
  for (const auto& [begin, length] : shared_mappings_) {
    if (a[0] >= begin && a[0] < begin + length)
      miss("it writes to a file through memory (a shared mapping), which cannot be seen");
  }
}

}  // namespace pigeon::conformance
