// SPDX-License-Identifier: MIT
#include <pigeon/sdk/schema.hpp>
#include <pigeon/sdk/settings.hpp>
#include <pigeon/sdk/tree_words.hpp>
#include <pigeon/sdk/values.hpp>

#include <doctest/doctest.h>

using namespace std::chrono_literals;

TEST_CASE("a boolean is TRUE or FALSE, and nothing like them") {
  CHECK(pigeon::boolean("TRUE") == true);
  CHECK(pigeon::boolean("FALSE") == false);
  for (const auto* text : {"", "true", "True", "yes", "1", "TRUE "}) CHECK_FALSE(pigeon::boolean(text));
}

TEST_CASE("a size is in bytes, with units of 1024, and never overflows") {
  CHECK(pigeon::size_in_bytes("4096") == 4096U);
  CHECK(pigeon::size_in_bytes("2k") == 2048U);
  CHECK(pigeon::size_in_bytes("3G") == 3221225472U);
  CHECK(pigeon::size_in_bytes("9223372036854775807") == UINT64_C(9223372036854775807));
  for (const auto* text : {"", "k", "1K", "1 k", "-1", "1.5M", "9223372036854775808", "8388608T"}) {
    CAPTURE(text);
    CHECK_FALSE(pigeon::size_in_bytes(text));
  }
}

TEST_CASE("a time is in seconds unless it says otherwise") {
  CHECK(pigeon::duration("240") == 240s);
  CHECK(pigeon::duration("500ms") == 500ms);
  CHECK(pigeon::duration("2w") == 14 * 24h);
  for (const auto* text : {"", "s", "1y", "1 s", "-1s", "9223372037"}) CHECK_FALSE(pigeon::duration(text));
}

TEST_CASE("a declaration complains of every value that is not of its type, and of no other") {
  const auto choice = pigeon::choice_of("c", "defer|reject", "m");
  const auto integer = pigeon::integer_of("i", "m");
  const auto text = pigeon::text_of("t", "m");
  CHECK_FALSE(pigeon::complaint(choice, "defer"));
  CHECK(pigeon::complaint(choice, "de") == "must be one of defer, reject");
  CHECK(pigeon::complaint(choice, "defer|reject"));
  CHECK_FALSE(pigeon::complaint(integer, "9223372036854775807"));
  CHECK(pigeon::complaint(integer, "9223372036854775808"));
  CHECK_FALSE(pigeon::complaint(text, "\xc3\xa4"));
  CHECK(pigeon::complaint(text, "\xff") == "must be UTF-8");
  CHECK(pigeon::complaint(text, "") == "must not be empty");
  CHECK(pigeon::complaint(pigeon::boolean_of("b", "m"), "yes"));
  CHECK(pigeon::complaint(pigeon::size_of("s", "m"), "big"));
  CHECK(pigeon::complaint(pigeon::time_of("d", "m"), "soon"));
}

TEST_CASE("settings are typed, and one that is missing is empty, false or zero") {
  const pigeon::Settings settings({{"text", {"x"}},
                                   {"flag", {"TRUE"}},
                                   {"count", {"3"}},
                                   {"room", {"1k"}},
                                   {"wait", {"2s"}},
                                   {"many", {"a", "b"}}});
  CHECK(settings.text("TEXT") == "x");
  CHECK(settings.is_true("flag"));
  CHECK(settings.integer("count") == 3);
  CHECK(settings.size("room") == 1024U);
  CHECK(settings.time("wait") == 2s);
  CHECK(settings.all("many").size() == 2);
  CHECK(settings.text("many").empty());
  CHECK_FALSE(settings.has("none"));
  CHECK_FALSE(settings.is_true("none"));
  CHECK_FALSE(settings.size("none"));
}

TEST_CASE("a flag of the tree that is neither TRUE nor FALSE, or both, is a mistake and never a guess") {
  const auto enabled = [](pigeon::Values values) {
    pigeon::Object object{.path = "/a", .objectclass = "c"};
    object.attributes.set("enable", std::move(values));
    return pigeon::is_enabled(object);
  };
  CHECK(*enabled({}));
  CHECK(*enabled({"TRUE"}));
  CHECK_FALSE(*enabled({"FALSE"}));
  for (const auto& wrong : {pigeon::Values{"true"}, pigeon::Values{"TRUE", "FALSE"}, pigeon::Values{"0"}}) {
    const auto answer = enabled(wrong);
    REQUIRE_FALSE(answer);
    CHECK(answer.failure().status == PIGEON_MISCONFIGURED);
  }
}

TEST_CASE("two objects of one class at one level are a mistake") {
  using Objects = std::vector<pigeon::Object>;
  const pigeon::Object one{.path = "/a", .objectclass = "c"};
  const pigeon::Object two{.path = "/b", .objectclass = "C"};
  CHECK(*pigeon::only_of_class(Objects{one}, "c") != nullptr);
  CHECK(*pigeon::only_of_class(Objects{one}, "d") == nullptr);
  CHECK_FALSE(pigeon::only_of_class(Objects{one, two}, "c"));
}
