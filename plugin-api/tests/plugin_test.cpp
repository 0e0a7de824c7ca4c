// SPDX-License-Identifier: MIT
#include <pigeon/sdk/mda.hpp>
#include <pigeon/sdk/plugin.hpp>
#include <pigeon/testing/fake_delivery.hpp>
#include <pigeon/testing/fake_host.hpp>

#include <doctest/doctest.h>

#include <cstring>
#include <stdexcept>

namespace {

using pigeon::Allocation;
using pigeon::Attributes;
using pigeon::Deadline;
using pigeon::Delivery;
using pigeon::Done;
using pigeon::Result;
using pigeon::Stored;

[[noreturn]] void throw_it(std::string_view what) {
  if (what == "memory") throw std::bad_alloc();
  if (what == "number") throw 7;  // NOLINT(hicpp-exception-baseclass): anything can be thrown
  throw std::runtime_error(std::string(what));
}

// Throws wherever it is called, what its setting says.
struct Throwing {
  std::string what;

  static Result<std::unique_ptr<Throwing>> open(pigeon::Host host, const pigeon::Settings& settings) {
    host.info("opened");
    if (settings.has("open")) throw_it(settings.text("open"));
    return std::make_unique<Throwing>(Throwing{settings.text("call")});
  }
  Result<Attributes> propose(const pigeon::Principal& /*principal*/, const Attributes& /*requests*/) const {
    throw_it(what);
  }
  Done ensure(const Allocation& /*allocation*/, Deadline /*deadline*/) const { throw_it(what); }
  Result<Stored> deliver(const Delivery& delivery) const {
    if (delivery.id() == "good") return Stored{.where = "there"};
    throw_it(what);
  }
  Done check(Deadline /*deadline*/) const { throw_it(what); }
};

constexpr pigeon::About kAbout = {.name = "mda-throwing", .version = "1", .summary = "throws"};
constexpr pigeon_mda kOperations = pigeon::MdaOperations<Throwing>::table();
constexpr pigeon_plugin kPlugin = pigeon::describe<Throwing>(PIGEON_KIND_MDA, kAbout, &kOperations);

pigeon_status open(const Attributes& settings, void** instance, pigeon_error* error) {
  const pigeon::testing::FakeHost host;
  const pigeon::LentAttributes lent(settings);
  const pigeon_settings given = {sizeof given, 0, lent.data(), lent.size()};
  return kPlugin.open(&host.services(), &given, instance, error);
}

struct Opened {
  void* instance = nullptr;
  explicit Opened(const std::string& what) {
    REQUIRE(open({{"call", {what}}}, &instance, nullptr) == PIGEON_OK);
  }
  Opened(const Opened&) = delete;
  Opened& operator=(const Opened&) = delete;
  Opened(Opened&&) = delete;
  Opened& operator=(Opened&&) = delete;
  ~Opened() { kPlugin.close(instance); }
};

}  // namespace

TEST_CASE("no exception crosses: short memory is trouble, any other is a bug of the plugin") {
  for (const auto& [what, status] :
       {std::pair{"memory", PIGEON_TEMPORARY}, {"oops", PIGEON_BUG}, {"number", PIGEON_BUG}}) {
    auto error = pigeon::blank_error();
    void* none = nullptr;
    CHECK(open({{"open", {what}}}, &none, &error) == status);
    const Opened opened(what);
    const Allocation allocation{.id = "1"};
    const pigeon::LentAllocation lent(allocation);
    CHECK(kOperations.ensure(opened.instance, &lent.get(), 0, &error) == status);
    CHECK(kPlugin.check(opened.instance, 0, &error) == status);
    const pigeon_principal principal = {sizeof principal, 0, {}, {}};
    CHECK(kOperations.propose(opened.instance, &principal, nullptr, 0, nullptr, &error) == status);
    // A caller may not want to know more.
    CHECK(kPlugin.check(opened.instance, 0, nullptr) == status);
  }
}

TEST_CASE("what was thrown is told in the log") {
  const Opened opened("oops");
  auto error = pigeon::blank_error();
  CHECK(kPlugin.check(opened.instance, 0, &error) == PIGEON_BUG);
  CHECK(std::string(error.detail) == "unexpected exception: oops");
}

TEST_CASE(
    "an exception in a batch leaves what was answered, and says of the rest that it may have happened") {
  const Opened opened("oops");
  const pigeon::testing::FakeDelivery good({.id = "1"}, "good", "x");
  const pigeon::testing::FakeDelivery bad({.id = "1"}, "bad", "x");
  const pigeon::testing::FakeDelivery after({.id = "1"}, "good", "x");
  const std::array batch = {&good.lent(), &bad.lent(), &after.lent()};
  kOperations.deliver(opened.instance, batch.data(), batch.size());
  CHECK(good.status() == PIGEON_OK);
  CHECK(good.stored() == "there");
  for (const auto* delivery : {&bad, &after}) {
    CHECK(delivery->failure().status == PIGEON_BUG);
    CHECK(delivery->failure().may_have_happened);
  }
}

TEST_CASE("a plugin has the functions that its class has, and their capabilities") {
  CHECK((kPlugin.check != nullptr));
  CHECK((kPlugin.initialize == nullptr));
  CHECK(kOperations.capabilities == 0);
  CHECK((kOperations.list == nullptr));
  CHECK(kPlugin.size == sizeof(pigeon_plugin));
}

TEST_CASE("a failure crosses whole, and comes back the same") {
  auto failure = pigeon::misconfigured("detail").with_remedy("remedy").with_reason({4, 2, 2}, "reason");
  failure.may_have_happened = true;
  auto error = pigeon::blank_error();
  CHECK(report(failure, &error) == PIGEON_MISCONFIGURED);
  const auto back = pigeon::copy(error, error.status);
  CHECK(back.status == failure.status);
  CHECK(back.detail == failure.detail);
  CHECK(back.remedy == failure.remedy);
  CHECK(back.reason == failure.reason);
  CHECK(back.dsn == failure.dsn);
  CHECK(back.may_have_happened);
}

TEST_CASE("a text that is too long is cut at a character, on one line, and terminated") {
  char field[8];  // NOLINT(*-avoid-c-arrays)
  std::memset(field, 'x', sizeof field);
  pigeon::put(field, "abcdef\xc3\xa4\xc3\xa4");
  CHECK(std::string(field) == "abcdef");
  pigeon::put(field, "a\nb");
  CHECK(std::string(field) == "a\\x0ab");
}

TEST_CASE("a text that the other side forgot to terminate ends with its field") {
  auto error = pigeon::blank_error();
  std::memset(error.reason, 'r', sizeof error.reason);
  CHECK(pigeon::copy(error, PIGEON_TEMPORARY).reason == std::string(sizeof error.reason, 'r'));
}
