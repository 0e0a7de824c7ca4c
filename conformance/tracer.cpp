// SPDX-License-Identifier: MIT
#include "conformance/tracer.hpp"

#include "conformance/allocations.hpp"
#include "conformance/operation_log.hpp"
#include "conformance/socket_call.hpp"

#include <pigeon/sdk/file.hpp>
#include <pigeon/sdk/text.hpp>
#include <pigeon/sdk/time.hpp>

#include <elf.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <memory>
#include <new>
#include <optional>

namespace pigeon::conformance {

// Memory of both processes, so that what was said stays said.
struct Board {
  std::atomic<bool> is_recording = false;
  std::atomic<std::uint32_t> said = 0;
  std::atomic<std::uint32_t> used = 0;
  std::atomic<std::uint64_t> allocations = 0;
  std::array<char, 1U << 18U> text = {};
};

namespace {

constexpr auto kLongest = std::chrono::seconds(40);
constexpr int kNotAllowed = 125;

#if defined(__x86_64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#else
constexpr std::uint32_t kArchitecture = 0;
#endif

Board* shared_board() {
  void* memory = ::mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  return memory == MAP_FAILED ? nullptr : new (memory) Board;
}
struct Unmap {
  void operator()(Board* board) const { ::munmap(board, sizeof(Board)); }
};

std::vector<std::string> said_on(const Board& board) {
  std::vector<std::string> said;
  const char* at = board.text.data();
  for (std::uint32_t index = 0; index < board.said; ++index) {
    said.emplace_back(at);
    at += said.back().size() + 1;
  }
  return said;
}

// So that a call that waits for children comes back now and then, and the time can be looked at.
class Ticks {
 public:
  Ticks() {
    struct sigaction action = {};
    action.sa_handler = [](int /*signal*/) {};
    ::sigaction(SIGALRM, &action, &before_);
    constexpr itimerval kEvery = {{0, 200'000}, {0, 200'000}};
    ::setitimer(ITIMER_REAL, &kEvery, nullptr);
  }
  Ticks(const Ticks&) = delete;
  Ticks& operator=(const Ticks&) = delete;
  Ticks(Ticks&&) = delete;
  Ticks& operator=(Ticks&&) = delete;
  ~Ticks() {
    constexpr itimerval kNever = {};
    ::setitimer(ITIMER_REAL, &kNever, nullptr);
    ::sigaction(SIGALRM, &before_, nullptr);
  }

 private:
  struct sigaction before_ = {};
};

// Flushes answer that they have flushed. Where the kernel does not allow this, they do, which only takes
// longer.
void forget_flushes() {
  constexpr auto kNumber = static_cast<std::uint32_t>(offsetof(seccomp_data, nr));
  constexpr auto kOf = static_cast<std::uint32_t>(offsetof(seccomp_data, arch));
  std::array<sock_filter, 9> filter = {{
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, kOf),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kArchitecture, 0, 5),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, kNumber),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_fsync, 4, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_fdatasync, 3, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_syncfs, 2, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_sync, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO),
  }};
  const sock_fprog program = {static_cast<unsigned short>(filter.size()), filter.data()};
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

[[noreturn]] void be_child(const Work& work, Board& board, std::uint64_t failing_allocation = 0) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  forget_flushes();
  // As in the process that a host gives a plugin.
  static_cast<void>(::signal(SIGALRM, SIG_DFL));
  Stage stage(board, failing_allocation);
  work(stage);
  board.is_recording = false;
  ::_exit(0);
}

void answer_instead(pid_t process, std::int64_t result) {
#if defined(__x86_64__)
  ::ptrace(PTRACE_POKEUSER, process, offsetof(user, regs.rax), result);
#elif defined(__aarch64__)
  user_regs_struct registers = {};
  iovec part = {&registers, sizeof registers};
  ::ptrace(PTRACE_GETREGSET, process, NT_PRSTATUS, &part);
  registers.regs[0] = static_cast<std::uint64_t>(result);
  ::ptrace(PTRACE_SETREGSET, process, NT_PRSTATUS, &part);
#endif
}

// No call has the number -1: the kernel does nothing.
void skip_call(pid_t process) {
#if defined(__x86_64__)
  ::ptrace(PTRACE_POKEUSER, process, offsetof(user, regs.orig_rax), -1L);
#elif defined(__aarch64__)
  int none = -1;
  iovec part = {&none, sizeof none};
  ::ptrace(PTRACE_SETREGSET, process, NT_ARM_SYSTEM_CALL, &part);
#endif
}

std::uint64_t open_flags_of(pid_t process, const SystemCall& call) {
#ifdef SYS_open
  if (call.number == SYS_open) return call.arguments[1];
  if (call.number == SYS_creat) return O_CREAT | O_TRUNC;
#endif
  if (call.number == SYS_openat) return call.arguments[2];
  if (call.number != SYS_openat2) return 0;
  open_how how = {};
  const auto bytes = bytes_of(process, call.arguments[2], sizeof how);
  std::memcpy(&how, bytes.data(), bytes.size());
  return how.flags;
}

class Tracer {
 public:
  Tracer(Board& board, const Tampering& tampering, OperationLog* log)
      : board_(&board), tampering_(tampering), log_(log) {}

  Trace watch(pid_t process) {
    main_ = process;
    const Ticks ticks;
    const auto deadline = Deadline::in(kLongest);
    while (!is_over_) {
      int status = 0;
      const pid_t who = ::waitpid(-1, &status, __WALL);
      if (who > 0) {
        stopped(who, status);
      } else if (errno != EINTR) {
        break;
      }
      if (deadline.passed() && !is_over_) {
        trace_.has_hung = true;
        kill_all();
      }
    }
    kill_all();
    for (int status = 0; ::waitpid(-1, &status, __WALL) > 0;) continue;
    trace_.said = said_on(*board_);
    return std::move(trace_);
  }

 private:
  struct Thread {
    bool is_inside = false;  // a system call
    bool is_recorded = false;
    bool is_failed = false;  // by us
    SystemCall call;
  };

  void kill_all() {
    for (const auto& [process, thread] : threads_) ::kill(process, SIGKILL);
  }
  static void go_on(pid_t process, std::intptr_t signal = 0) {
    // NOLINTNEXTLINE(performance-no-int-to-ptr): ptrace wants a number in a pointer
    ::ptrace(PTRACE_SYSCALL, process, nullptr, reinterpret_cast<void*>(signal));
  }

  void stopped(pid_t process, int status) {
    if (WIFEXITED(status) || WIFSIGNALED(status)) {
      threads_.erase(process);
      if (process != main_) return;
      trace_.status = status;
      if (WIFEXITED(status) && WEXITSTATUS(status) == kNotAllowed && !is_attached_)
        trace_.broken = "this process may not watch another one (ptrace)";
      is_over_ = true;  // what it has left behind ends with it
      return;
    }
    const bool is_new = threads_.find(process) == threads_.end();
    auto& thread = threads_[process];
    if (process == main_ && !is_attached_) return attach();
    const int signal = WSTOPSIG(status);
    if (signal == (SIGTRAP | 0x80)) return at_call(process, thread);
    const bool is_event = (status >> 16) != 0;
    go_on(process, is_event || (is_new && signal == SIGSTOP) ? 0 : signal);
  }

  void attach() {
    is_attached_ = true;
    constexpr auto kOptions = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK |
                              PTRACE_O_TRACEVFORK | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL;
    if (::ptrace(PTRACE_SETOPTIONS, main_, nullptr, kOptions) != 0)
      trace_.broken = std::string("this process may not watch another one: ") + strerrordesc_np(errno);
    go_on(main_);
  }

  void at_call(pid_t process, Thread& thread) {
    struct __ptrace_syscall_info met = {};
    if (::ptrace(PTRACE_GET_SYSCALL_INFO, process, sizeof met, &met) <= 0) {
      // It was killed in between; or the kernel is older than Linux 5.3.
      if (errno != ESRCH) trace_.broken = "the kernel does not tell of system calls";
      return go_on(process);
    }
    if (met.op == PTRACE_SYSCALL_INFO_ENTRY) {
      thread = Thread{.is_inside = true};
      if (board_->is_recording) entered(process, thread, met);
    } else if (met.op == PTRACE_SYSCALL_INFO_EXIT) {
      if (thread.is_recorded) left(process, thread, met.exit.rval);
      thread = Thread{};
    }
    if (!trace_.was_killed) go_on(process);
  }

  void entered(pid_t process, Thread& thread, const struct __ptrace_syscall_info& met) {
    const auto number = static_cast<long>(met.entry.nr);
    ++trace_.entered[number];
    thread.is_recorded = true;
    auto& call = thread.call;
    call.number = number;
    std::copy(std::begin(met.entry.args), std::end(met.entry.args), call.arguments.begin());
    call.open_flags = open_flags_of(process, call);
    call.receives = receives(process, call);
    call.sends = sends(process, call);
    call.said = board_->said;
    if (met.arch != kArchitecture) trace_.unseen = "it makes system calls of another architecture";
    // An untraced child is the kernel's own business, and nobody else's.
    if (number == SYS_clone && (call.arguments[0] & CLONE_UNTRACED) != 0)
      trace_.unseen = "it starts a process that cannot be watched (CLONE_UNTRACED)";
    if (can_fail(call) && met_++ == tampering_.at) tamper(process, thread);
    if (is_silent_ && call.number == SYS_connect) be_silent(call);
    if (log_ != nullptr) log_->before(process, call);
  }

  void tamper(pid_t process, Thread& thread) {
    trace_.was_met = tampering_.way != Tampering::Way::none;
    if (tampering_.way == Tampering::Way::kill_before) return kill_now();
    if (tampering_.way == Tampering::Way::silence) {
      is_silent_ = true;
      return be_silent(thread.call);
    }
    thread.is_failed = tampering_.way == Tampering::Way::fail;
    kills_after_ = tampering_.way == Tampering::Way::kill_after ? process : 0;
    // A close that fails has closed.
    if (thread.is_failed && thread.call.number != SYS_close) skip_call(process);
  }
  void be_silent(const SystemCall& call) {
    if (const auto why = silence(main_, call); !why.empty()) trace_.not_silenced = why;
  }
  void kill_now() {
    trace_.was_killed = true;
    kill_all();
  }

  void left(pid_t process, Thread& thread, std::int64_t result) {
    auto& call = thread.call;
    call.result = result;
    if (thread.is_failed) {
      call.result = -tampering_.error;
      answer_instead(process, call.result);
    }
    if (can_fail(call)) trace_.calls.push_back(call);
    if (log_ != nullptr) log_->after(process, call);
    if (kills_after_ == process) kill_now();
  }

  Board* board_;
  Tampering tampering_;
  OperationLog* log_;
  Trace trace_;
  std::map<pid_t, Thread> threads_;
  pid_t main_ = 0;
  pid_t kills_after_ = 0;
  std::size_t met_ = 0;
  bool is_silent_ = false;
  bool is_attached_ = false;
  bool is_over_ = false;
};

Trace broken(const std::string& why) {
  Trace trace;
  trace.broken = why;
  return trace;
}

}  // namespace

void Stage::begin() {
  count_allocations(board_->allocations, failing_allocation_);
  board_->is_recording = true;
}
void Stage::end() {
  count_no_allocations();
  board_->is_recording = false;
}

void Stage::say(std::string_view what) {
  const auto begin = board_->used.load();
  if (begin + what.size() + 1 > board_->text.size()) what = {};
  if (begin + 1 > board_->text.size()) return;
  std::memcpy(board_->text.data() + begin, what.data(), what.size());
  board_->text[begin + what.size()] = '\0';
  board_->used = static_cast<std::uint32_t>(begin + what.size() + 1);
  ++board_->said;
}

std::string Trace::how_it_ended() const {
  if (has_hung) return "it did not end in time";
  if (WIFSIGNALED(status)) {
    return "the process was killed by signal " + std::to_string(WTERMSIG(status)) + " (" +
           sigdescr_np(WTERMSIG(status)) + ")";
  }
  return "the process ended with status " + std::to_string(WEXITSTATUS(status));
}

Trace trace(const Work& work, const Tampering& tampering, OperationLog* log) {
  if (kArchitecture == 0) return broken("system calls can be watched on x86-64 and aarch64 only");
  const std::unique_ptr<Board, Unmap> board(shared_board());
  if (!board) return broken("there is no memory to share with another process");
  const pid_t process = ::fork();
  if (process < 0) return broken(std::string("fork: ") + strerrordesc_np(errno));
  if (process == 0) {
    if (::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) ::_exit(kNotAllowed);
    static_cast<void>(::raise(SIGSTOP));
    be_child(work, *board);
  }
  return Tracer(*board, tampering, log).watch(process);
}

Companion::Companion(const Work& work, std::uint64_t failing_allocation) : board_(shared_board()) {
  if (board_ == nullptr) return;
  process_ = ::fork();
  if (process_ == 0) be_child(work, *board_, failing_allocation);
}

Companion::~Companion() {
  if (process_ > 0) {
    ::kill(process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
  }
  if (board_ != nullptr) Unmap()(board_);
}

Trace Companion::wait(std::chrono::seconds longest) {
  if (process_ < 0) return broken("there is no memory, or no process, for the work");
  Trace trace;
  const Ticks ticks;
  const auto deadline = Deadline::in(longest);
  while (::waitpid(process_, &trace.status, 0) < 0 && errno == EINTR) {
    if (!deadline.passed() || trace.has_hung) continue;
    trace.has_hung = true;
    ::kill(process_, SIGKILL);
  }
  process_ = -1;
  trace.said = said_on(*board_);
  trace.allocations = board_->allocations;
  return trace;
}

std::string bytes_of(pid_t process, std::uint64_t address, std::size_t count) {
  std::string bytes(count, '\0');
  iovec here = {bytes.data(), bytes.size()};
  // NOLINTNEXTLINE(performance-no-int-to-ptr): an address of another process
  iovec there = {reinterpret_cast<void*>(address), count};
  const auto got = ::process_vm_readv(process, &here, 1, &there, 1, 0);
  bytes.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
  return bytes;
}

std::string string_of(pid_t process, std::uint64_t address) {
  constexpr std::size_t kPage = 4096;  // a read beyond the page may fail as a whole
  std::string text;
  while (text.size() < (1U << 16U)) {
    const auto part = bytes_of(process, address + text.size(), kPage - (address + text.size()) % kPage);
    const auto end = part.find('\0');
    text += part.substr(0, end);
    if (part.empty() || end != std::string::npos) break;
  }
  return text;
}

}  // namespace pigeon::conformance
