// SPDX-License-Identifier: MIT
//
// Never two writers at once: the locks of other programs, and those that nobody has any more.
#include "fixture.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <thread>

using mda_mbox::testing::Fixture;
using pigeon::testing::FakeDelivery;

namespace {

// As another program has it: a lock of its process.
class OtherProcess {
 public:
  OtherProcess(const std::string& path, const std::function<bool(int)>& lock) {
    int ready[2];  // NOLINT(*-avoid-c-arrays)
    REQUIRE(::pipe(ready) == 0);
    child_ = ::fork();
    REQUIRE(child_ >= 0);
    if (child_ == 0) {
      const int file = ::open(path.c_str(), O_RDWR);
      const char is_locked = lock(file) ? 'y' : 'n';
      if (::write(ready[1], &is_locked, 1) != 1) ::_exit(1);
      for (;;) ::pause();
    }
    char is_locked = 0;
    REQUIRE(::read(ready[0], &is_locked, 1) == 1);
    CHECK(is_locked == 'y');
    ::close(ready[0]);
    ::close(ready[1]);
  }
  OtherProcess(const OtherProcess&) = delete;
  OtherProcess& operator=(const OtherProcess&) = delete;
  OtherProcess(OtherProcess&&) = delete;
  OtherProcess& operator=(OtherProcess&&) = delete;
  ~OtherProcess() { end(); }
  void end() {
    if (child_ <= 0) return;
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
    child_ = 0;
  }

 private:
  pid_t child_;
};

bool lock_by_fcntl(int file) {
  struct flock lock = {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  return ::fcntl(file, F_SETLK, &lock) == 0;
}
bool lock_by_flock(int file) {
  return ::flock(file, LOCK_EX | LOCK_NB) == 0;
}

pigeon_delivery with_deadline(const FakeDelivery& delivery, std::chrono::milliseconds time) {
  auto lent = delivery.lent();
  lent.deadline = pigeon::Deadline::in(time).value();
  return lent;
}

pigeon_status deliver_within(const Fixture& f, const FakeDelivery& delivery, std::chrono::milliseconds time) {
  const auto lent = with_deadline(delivery, time);
  std::vector<pigeon::Delivery> batch = {pigeon::Delivery(lent)};
  f.mda->deliver(batch);
  return delivery.status();
}

constexpr std::chrono::milliseconds kShort{300};
const pigeon::Attributes all_locks = {{"locks", {"fcntl", "flock", "dotlock"}}};

pid_t dead_process() {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  ::waitpid(child, nullptr, 0);
  return child;
}

}  // namespace

TEST_CASE(
    "while another program has one of its locks nothing is written, and the wait ends by the deadline") {
  for (const auto& lock : {lock_by_fcntl, lock_by_flock}) {
    const Fixture f(all_locks);
    OtherProcess other(f.mbox().string(), lock);
    const FakeDelivery delivery(f.alice, "q1", "one\n");
    const auto begin = std::chrono::steady_clock::now();
    CHECK(deliver_within(f, delivery, kShort) == PIGEON_BUSY);
    const auto took = std::chrono::steady_clock::now() - begin;
    CHECK(took > kShort / 2);
    CHECK(took < kShort * 10);
    CHECK(f.whole().empty());
    CHECK_FALSE(std::filesystem::exists(f.mbox().string() + ".lock"));
    other.end();
    const FakeDelivery again(f.alice, "q1", "one\n");
    CHECK(deliver_within(f, again, kShort) == PIGEON_OK);
  }
}

TEST_CASE("a program that comes while we wait for another lock gets the ones that we have given back") {
  const Fixture f(all_locks);
  f.write("base/d/alice.lock", std::to_string(::getpid()));
  const FakeDelivery delivery(f.alice, "q1", "one\n");
  std::thread waiting([&] { CHECK(deliver_within(f, delivery, std::chrono::seconds(8)) == PIGEON_OK); });
  const int file = ::open(f.mbox().c_str(), O_RDWR);
  bool got_it = false;
  for (int round = 0; round < 2000 && !got_it; ++round) {
    got_it = lock_by_flock(file);
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  CHECK(got_it);
  ::close(file);
  std::filesystem::remove(f.mbox().string() + ".lock");
  waiting.join();
  CHECK(f.list().size() == 1);
}

TEST_CASE("a dotlock is respected as long as its process lives, or nobody knows and it is not old") {
  std::array<char, 256> host = {};
  REQUIRE(::gethostname(host.data(), host.size() - 1) == 0);
  const auto living = std::to_string(::getpid());
  const auto dead = std::to_string(dead_process());
  for (const auto& text : {std::string(), living, living + ":" + host.data(), dead + ":another-host",
                           std::string("0"), std::string("-1"), std::string("x"), std::string(2000, '1')}) {
    CAPTURE(text);
    const Fixture f;
    f.write("base/d/alice.lock", text);
    const FakeDelivery delivery(f.alice, "q1", "one\n");
    CHECK(deliver_within(f, delivery, kShort) == PIGEON_BUSY);
    CHECK(f.whole().empty());
    CHECK(f.content("base/d/alice.lock") == text);
  }
  for (const auto& text : {dead, dead + ":" + host.data(), dead + "\n"}) {
    CAPTURE(text);
    const Fixture f;
    f.write("base/d/alice.lock", text);
    const FakeDelivery delivery(f.alice, "q1", "one\n");
    CHECK(deliver_within(f, delivery, std::chrono::seconds(5)) == PIGEON_OK);
    CHECK_FALSE(std::filesystem::exists(f.mbox().string() + ".lock"));
  }
}

TEST_CASE("a dotlock of ours that is left is nobody's, whatever a power failure has left in it") {
  const Fixture f;
  for (const std::string text : {"", "1"}) {
    CAPTURE(text);
    f.write("base/d/alice.lock", text);
    REQUIRE(::chmod((f.mbox().string() + ".lock").c_str(), 01600) == 0);
    const FakeDelivery delivery(f.alice, "q" + text, "one\n");
    // "1" is a living process: whoever has the mailbox to himself knows better, if it is of this host.
    CHECK(deliver_within(f, delivery, kShort) == (text.empty() ? PIGEON_OK : PIGEON_BUSY));
  }
}

TEST_CASE("a dotlock that another program has put in place of ours is not taken for ours, and stays") {
  const pigeon::testing::TemporaryDirectory temporary;
  temporary.write("mbox", "");
  const auto directory = *pigeon::Directory::open(temporary.path().string());
  const auto lock_file = temporary / "mbox.lock";
  mda_mbox::LockRules rules;
  rules.order = {mda_mbox::LockKind::dotlock};
  const auto file = *directory->open_file("mbox", O_RDWR);
  {
    const auto lock = mda_mbox::SpoolLock::attempt(*directory, "mbox", *file, rules);
    REQUIRE((lock && *lock));
    CHECK((*lock)->is_held());
    // Many file systems give the number of a file that is gone to the next one.
    std::filesystem::remove(lock_file);
    temporary.write("mbox.lock", "another's");
    CHECK_FALSE((*lock)->is_held());
  }
  CHECK(temporary.read("mbox.lock") == "another's");
}

TEST_CASE("an old dotlock is nobody's any more") {
  const Fixture f({{"staleLock", {"1s"}}});
  f.write("base/d/alice.lock", "");
  const FakeDelivery delivery(f.alice, "q1", "one\n");
  CHECK(deliver_within(f, delivery, std::chrono::seconds(8)) == PIGEON_OK);
  CHECK_FALSE(std::filesystem::exists(f.mbox().string() + ".lock"));
}

TEST_CASE("what is called like a dotlock and is none is not removed") {
  const Fixture f({{"staleLock", {"0"}}});
  std::filesystem::create_directory(f.mbox().string() + ".lock");
  const FakeDelivery delivery(f.alice, "q1", "one\n");
  CHECK(deliver_within(f, delivery, kShort) == PIGEON_BUSY);
  std::filesystem::remove(f.mbox().string() + ".lock");
  f.write("base/d/alice.lock", std::string(1000, 'x'));
  std::this_thread::sleep_for(std::chrono::milliseconds(1100));
  CHECK(deliver_within(f, delivery, kShort) == PIGEON_BUSY);
  CHECK(f.content("base/d/alice.lock").size() == 1000);
}

TEST_CASE("only the locks that are configured are taken, in their order, each once") {
  const Fixture f({{"locks", {"flock"}}});
  f.write("base/d/alice.lock", std::to_string(::getpid()));
  const OtherProcess other(f.mbox().string(), lock_by_fcntl);
  const FakeDelivery delivery(f.alice, "q1", "one\n");
  CHECK(deliver_within(f, delivery, kShort) == PIGEON_OK);
  auto twice = f.settings;
  twice.set("locks", pigeon::Values{"fcntl", "fcntl"});
  CHECK_FALSE(mda_mbox::Mbox::open(f.host.host(), pigeon::Settings(twice)));
}

TEST_CASE("while a message is written every lock is ours") {
  const Fixture f(all_locks);
  std::atomic<bool> is_over = false;
  std::atomic<int> seen = 0;
  std::thread watching([&] {
    while (!is_over) {
      struct stat before = {};
      struct stat after = {};
      const int file = ::open(f.mbox().c_str(), O_RDWR);
      if (lock_by_flock(file)) {
        ::fstat(file, &before);
        std::this_thread::sleep_for(std::chrono::microseconds(200));
        ::fstat(file, &after);
        CHECK(before.st_size == after.st_size);
        ++seen;
      }
      ::close(file);
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  });
  // Also on a disk so quick that the one who watches hardly gets a turn.
  for (int number = 0; number < 20 || (seen < 3 && number < 500); ++number) {
    const FakeDelivery delivery(f.alice, "q" + std::to_string(number), std::string(2'000'000, 'x'));
    CHECK(deliver_within(f, delivery, std::chrono::seconds(8)) == PIGEON_OK);
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  is_over = true;
  watching.join();
  CHECK(seen > 0);
}

TEST_CASE(
    "a mailbox that is locked keeps the others of its batch waiting for a little while, and no longer") {
  const Fixture f;
  const pigeon::Allocation bob{
      .id = "id-of-bob", .attributes = {{"home", {"d/bob"}}}, .principal = {"d", "bob"}};
  REQUIRE(f.mda->ensure(bob, Fixture::soon()));
  OtherProcess other(f.mbox().string(), lock_by_fcntl);
  const FakeDelivery locked(f.alice, "q1", "one\n");
  const FakeDelivery free(bob, "q2", "two\n");
  auto first = locked.lent();
  auto second = free.lent();
  first.deadline = second.deadline = pigeon::Deadline::in(std::chrono::seconds(100)).value();
  std::vector<pigeon::Delivery> batch = {pigeon::Delivery(first), pigeon::Delivery(second)};
  std::thread unlocking([&] {
    while (f.content("base/d/bob").empty()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    other.end();
  });
  f.mda->deliver(batch);
  unlocking.join();
  CHECK(locked.status() == PIGEON_OK);
  CHECK(free.status() == PIGEON_OK);
  const OtherProcess again(f.mbox().string(), lock_by_fcntl);
  const FakeDelivery late(f.alice, "q3", "one\n");
  const FakeDelivery another(bob, "q4", "two\n");
  first = late.lent();
  second = another.lent();
  first.deadline = second.deadline = pigeon::Deadline::in(std::chrono::seconds(100)).value();
  batch = {pigeon::Delivery(first), pigeon::Delivery(second)};
  const auto begin = std::chrono::steady_clock::now();
  f.mda->deliver(batch);
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(20));
  CHECK(late.status() == PIGEON_BUSY);
  CHECK(another.status() == PIGEON_OK);
}

TEST_CASE("where there is a quota, a folder that somebody has locked keeps no mail for another one waiting") {
  const Fixture f;
  FakeDelivery moved(f.alice, "q1", "one\n", "Work");
  moved.move(0, 0);
  f.deliver({&moved});
  const auto folder = f.directory.path() / "base/d/alice.folders/Work";
  f.append("base/d/alice.folders/Work", "From bob Sun Sep  9 01:46:40 2001\na: b\n\n");
  const OtherProcess other(folder.string(), lock_by_fcntl);
  const FakeDelivery delivery(f.alice, "q2", "two\n", "", {{"quotaMessages", {"3"}}, {"quotaBytes", {"1M"}}});
  const auto begin = std::chrono::steady_clock::now();
  CHECK(deliver_within(f, delivery, std::chrono::seconds(20)) == PIGEON_OK);
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(5));
  const FakeDelivery full(f.alice, "q3", "three\n", "", {{"quotaMessages", {"3"}}});
  CHECK(deliver_within(f, full, std::chrono::seconds(20)) == PIGEON_NO_SPACE);
}

TEST_CASE("a file that a reader puts in place of the old one is the one that is appended to") {
  const Fixture f;
  OtherProcess reader(f.mbox().string(), lock_by_fcntl);
  const FakeDelivery delivery(f.alice, "q1", "one\n");
  std::thread waiting([&] { CHECK(deliver_within(f, delivery, std::chrono::seconds(8)) == PIGEON_OK); });
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  f.write("base/d/fresh", "From bob Sun Sep  9 01:46:40 2001\na: b\n\n");
  std::filesystem::rename(f.directory.path() / "base/d/fresh", f.mbox());
  reader.end();
  waiting.join();
  CHECK(f.list().size() == 2);
}

TEST_CASE(
    "a mailbox that was purged and made anew while a delivery waited for it is not used by its old lock") {
  const Fixture f;
  const auto state = f.own() / "state";
  OtherProcess other(state.string(), lock_by_fcntl);
  const FakeDelivery delivery(f.alice, "q1", "one\n");
  std::thread waiting([&] { CHECK(deliver_within(f, delivery, std::chrono::seconds(8)) == PIGEON_BUSY); });
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  std::filesystem::remove(state);
  f.write("base/d/.alice.pigeon/state", "");
  other.end();
  waiting.join();
  CHECK(f.whole().empty());
}

TEST_CASE("retiring waits for deliveries that are under way, and ends them") {
  const Fixture f;
  OtherProcess reader(f.mbox().string(), lock_by_fcntl);
  const FakeDelivery delivery(f.alice, "q1", "one\n");
  std::thread delivering([&] { static_cast<void>(deliver_within(f, delivery, std::chrono::seconds(8))); });
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  const auto retired = f.another()->retire(f.alice, pigeon::Deadline::in(kShort));
  REQUIRE_FALSE(retired);
  CHECK(retired.failure().status == PIGEON_BUSY);
  reader.end();
  delivering.join();
  CHECK(delivery.status() == PIGEON_OK);
  for (int round = 0; round < 2; ++round) CHECK(f.mda->retire(f.alice, Fixture::soon()));
  const FakeDelivery late(f.alice, "q2", "two\n");
  f.deliver({&late});
  CHECK(PIGEON_STATUS_RANGE(late.status()) == PIGEON_TEMPORARY);
  CHECK_FALSE(f.mda->ensure(f.alice, Fixture::soon()));
  CHECK(f.list().size() == 1);
  REQUIRE(f.mda->adopt(f.alice, Fixture::soon()));
  f.deliver({&late});
  CHECK(late.status() == PIGEON_OK);
}
