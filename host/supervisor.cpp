// SPDX-License-Identifier: MIT
#include "host/supervisor.hpp"

#include "host/last_resort.hpp"

#include <pigeon/sdk/file.hpp>
#include <pigeon/sdk/text.hpp>

#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <mutex>
#include <new>
#include <thread>

namespace pigeon::host {
namespace {

constexpr auto kGrace = std::chrono::seconds(1);      // over the deadline, before the worker is killed
constexpr auto kLastWords = std::chrono::seconds(2);  // after its verdict, or after SIGKILL
constexpr std::size_t kMostCaptured = 16'384;
constexpr std::size_t kMostVerdict = 1U << 20U;
constexpr std::size_t kMostAtOnce = 4U << 20U;  // more than what a pipe can hold

volatile std::sig_atomic_t interrupted =
    0;  // NOLINT(*-avoid-non-const-global-variables): what a handler can reach

void interrupt(int signal) {
  interrupted = signal;
}

// From here on what interrupts us does so in Watch::wait_once only: so it cannot come between the look at
// `interrupted` and the wait, and be seen a deadline later.
class Interruptible {
 public:
  Interruptible() {
    sigset_t caught = {};
    ::sigemptyset(&caught);
    struct sigaction handler = {};
    handler.sa_handler = interrupt;
    for (const int each : {SIGTERM, SIGINT, SIGHUP}) {
      ::sigaction(each, &handler, nullptr);
      ::sigaddset(&caught, each);
    }
    ::sigprocmask(SIG_BLOCK, &caught, &before_);
  }
  Interruptible(const Interruptible&) = delete;
  Interruptible& operator=(const Interruptible&) = delete;
  Interruptible(Interruptible&&) = delete;
  Interruptible& operator=(Interruptible&&) = delete;
  ~Interruptible() { restore(); }

  void restore() const { ::sigprocmask(SIG_SETMASK, &before_, nullptr); }
  [[nodiscard]] const sigset_t& before() const { return before_; }

 private:
  sigset_t before_ = {};
};

struct Pipe {
  Fd read;
  Fd write;

  static Result<Pipe> make() {
    std::array<int, 2> ends = {};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return system_failure("make a pipe", errno);
    Pipe made{Fd(ends[0]), Fd(ends[1])};
    ::fcntl(made.read.get(), F_SETFL, O_NONBLOCK);
    return made;
  }
};

// Appends what can be read now, up to a bound; false at the end. Whoever writes without end does not keep us.
bool take_available(const Fd& from, std::string& to, std::size_t most) {
  std::array<char, 4096> chunk = {};
  for (std::size_t read = 0; read < kMostAtOnce; read += chunk.size()) {
    const auto got = ::read(from.get(), chunk.data(), chunk.size());
    if (got < 0) return errno == EAGAIN || errno == EINTR;
    if (got == 0) return false;
    const auto room = most - std::min(most, to.size());
    to.append(chunk.data(), std::min(room, static_cast<std::size_t>(got)));
  }
  return true;
}

// The child. Never returns: nothing of the parent's may run twice.
[[noreturn]] void be_worker(const std::function<void(const Announce&)>& work, const Pipe& verdict,
                            const Pipe& output, pid_t parent, const Interruptible& signals) {
  ::setpgid(0, 0);  // so that what a plugin starts dies with it
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(EXIT_FAILURE);
  be_mortal();
  signals.restore();
  const Fd nothing(::open("/dev/null", O_RDWR | O_CLOEXEC));
  ::dup2(nothing.get(), STDIN_FILENO);
  ::dup2(output.write.get(), STDOUT_FILENO);
  ::dup2(output.write.get(), STDERR_FILENO);
  const Announce announce = [&](const Verdict& decided) {
    static_cast<void>(write_all(verdict.write, encode(decided), "the verdict"));
  };
  try {
    work(announce);
  } catch (const std::bad_alloc&) {
    announce(Verdict::of(temporary("out of memory")));
  } catch (const std::exception& exception) {
    announce(Verdict::of(failure(PIGEON_BUG, std::string("unexpected exception: ") + exception.what())));
  } catch (...) {
    announce(Verdict::of(failure(PIGEON_BUG, "unexpected exception")));
  }
  // No destructors of libraries: they could only hang or crash, and everything of ours is closed.
  ::_exit(EXIT_SUCCESS);
}

class Watch {
 public:
  Watch(pid_t worker, Pipe& verdict, Pipe& output, const Interruptible& signals)
      : worker_(worker),
        signals_(signals),
        pid_fd_(static_cast<int>(::syscall(SYS_pidfd_open, worker, 0))),
        verdict_(verdict),
        output_(output) {}

  // Until there is a verdict, the worker is gone, or time is up.
  std::optional<Verdict> for_verdict(Deadline deadline) {
    bool gone = false;
    while (!gone && !complete() && !deadline.passed() && interrupted == 0) gone = wait_once(deadline.left());
    // The first verdict counts. Should the worker fail after it, what it says then is of no interest.
    return decode(std::string_view(said_).substr(0, encoded_size(said_).value_or(0)));
  }
  // Until the worker is gone or time is up.
  bool for_end(Deadline deadline) {
    bool gone = wait_once(nanoseconds(0));
    while (!gone && !deadline.passed()) gone = wait_once(deadline.left());
    return gone;
  }

  [[nodiscard]] bool complete() const {
    const auto size = encoded_size(said_);
    return said_.size() > kMostVerdict || (size && said_.size() >= *size);
  }
  [[nodiscard]] const std::string& captured() const { return captured_; }

 private:
  // True once the worker is gone, and everything that it said has been read.
  bool wait_once(nanoseconds longest) {
    std::array<pollfd, 3> events = {
        {{pid_fd_.get(), POLLIN, 0}, {verdict_.read.get(), POLLIN, 0}, {output_.read.get(), POLLIN, 0}}};
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(longest);
    const timespec timeout = {static_cast<time_t>(seconds.count()),
                              static_cast<long>((longest - seconds).count())};
    ::ppoll(events.data(), events.size(), &timeout, &signals_.before());
    // What was asked before reading: a worker that is gone now said nothing after it.
    siginfo_t state = {};
    const bool gone = ::waitid(P_PID, static_cast<id_t>(worker_), &state, WEXITED | WNOHANG | WNOWAIT) == 0 &&
                      state.si_pid == worker_;
    if (verdict_.read.is_open() && !take_available(verdict_.read, said_, kMostVerdict + 1))
      verdict_.read.reset();
    if (output_.read.is_open() && !take_available(output_.read, captured_, kMostCaptured))
      output_.read.reset();
    return gone;
  }

  pid_t worker_;
  const Interruptible& signals_;
  Fd pid_fd_;
  Pipe& verdict_;
  Pipe& output_;
  std::string said_;
  std::string captured_;
};

// Kills the worker and all that it started, and takes its exit status; 0 if it cannot be had in time (a
// process in an uninterruptible wait stays, and is init's when we are gone).
int put_down(pid_t worker) {
  ::kill(-worker, SIGKILL);
  ::kill(worker, SIGKILL);
  int status = 0;
  for (const auto end = Deadline::in(kLastWords); !end.passed();) {
    if (::waitpid(worker, &status, WNOHANG) != 0) return status;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return 0;
}

std::string how_it_ended(int status) {
  if (WIFSIGNALED(status)) {
    return std::string("was killed by signal ") + std::to_string(WTERMSIG(status)) + " (" +
           sigdescr_np(WTERMSIG(status)) + ")";
  }
  return "exited with status " + std::to_string(WEXITSTATUS(status)) + " without a verdict";
}

Verdict no_verdict(const std::string& what, const std::string& where, const char* remedy = "") {
  auto met = failure(PIGEON_BUG, "the worker " + what + (where.empty() ? "" : ", " + where));
  met.remedy = remedy;
  met.may_have_happened = true;
  return Verdict::of(met);
}

}  // namespace

Progress& Progress::instance() {
  static Progress* const shared = [] {
    void* memory =
        ::mmap(nullptr, sizeof(Progress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    static Progress own;
    return memory == MAP_FAILED ? &own : new (memory) Progress();
  }();
  return *shared;
}

namespace {
// Of the threads of one process; the parent reads without it, when the worker is gone or about to be.
std::mutex& writing() {
  static std::mutex mutex;
  return mutex;
}
}  // namespace

void Progress::restore(const State& state) {
  const std::lock_guard lock(writing());
  state_ = state;
}

Progress::State Progress::enter(std::string_view plugin, std::string_view operation) {
  const std::lock_guard lock(writing());
  const auto before = state_;
  state_ = {};
  plugin.copy(state_.plugin.data(), state_.plugin.size() - 1);
  operation.copy(state_.operation.data(), state_.operation.size() - 1);
  return before;
}

std::string Progress::text() const {
  const auto text = [](const auto& field) {
    return std::string(field.data(), ::strnlen(field.data(), field.size()));
  };
  const auto plugin = text(state_.plugin);
  return plugin.empty() ? "" : "in plugin " + printable(plugin) + ", " + printable(text(state_.operation));
}

void supervise(const std::function<void(const Announce&)>& work, const Announce& tell, Deadline deadline,
               Log& log) {
  auto verdict_pipe = Pipe::make();
  auto output_pipe = Pipe::make();
  if (!verdict_pipe) return tell(Verdict::of(verdict_pipe.failure()));
  if (!output_pipe) return tell(Verdict::of(output_pipe.failure()));
  const Interruptible signals;
  auto& progress = Progress::instance();
  progress.restore({});  // a worker before this one may have been killed inside of a plugin

  const pid_t parent = ::getpid();
  const pid_t worker = ::fork();
  if (worker < 0) {
    return tell(Verdict::of(system_failure("start a worker", errno)
                                .with_remedy("raise the limit of processes of uid " +
                                             std::to_string(::geteuid()) + ", or give the machine memory")));
  }
  if (worker == 0) be_worker(work, *verdict_pipe, *output_pipe, parent, signals);
  ::setpgid(worker, worker);
  verdict_pipe->write.reset();
  output_pipe->write.reset();

  Watch watch(worker, *verdict_pipe, *output_pipe, signals);
  const auto verdict = watch.for_verdict(deadline.later(kGrace));
  const auto where = progress.text();
  // A verdict stands, and is told at once. Then the worker may close what it opened; if it does not come to
  // an end, it is put down.
  if (verdict) tell(*verdict);
  const bool ended = watch.for_end(Deadline::in(verdict ? kLastWords : nanoseconds(0)));
  int status = 0;
  if (ended) {
    ::kill(-worker, SIGKILL);  // whatever it started; while it is a zombie, its group cannot be another's
    ::waitpid(worker, &status, 0);
  } else {
    put_down(worker);
  }
  if (!watch.captured().empty()) {
    log.write(PIGEON_LOG_WARNING, "output", {{"plugin", where}, {"text", watch.captured()}});
  }
  if (verdict) return;
  if (interrupted != 0) {
    return tell(no_verdict("was interrupted by signal " + std::to_string(interrupted), where,
                           "see who stopped it; the MTA tries again by itself"));
  }
  if (ended && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) {
    return tell(no_verdict(how_it_ended(status), where,
                           "see the kernel's log: the machine may have been short of memory"));
  }
  if (ended) return tell(no_verdict(how_it_ended(status), where));
  auto late = no_verdict("did not come to an end before the deadline", where);
  late.status = PIGEON_TIMEOUT;
  if (where.empty())
    late.remedy = "see what the machine was waiting for; raise \"deadline\" only with the MTA's own limit";
  tell(late);
}

}  // namespace pigeon::host
