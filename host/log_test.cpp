// SPDX-License-Identifier: MIT
#include "host/log.hpp"

#include <pigeon/sdk/text.hpp>
#include <pigeon/testing/temporary_directory.hpp>

#include <doctest/doctest.h>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <random>
#include <string>
#include <thread>
#include <vector>

using pigeon::host::Fields;
using pigeon::host::Log;
using pigeon::host::LogFormat;
using pigeon::testing::TemporaryDirectory;

namespace {

class Written {
 public:
  explicit Written(LogFormat format, std::uint32_t level = PIGEON_LOG_INFO) {
    log.configure({.to = directory_ / "log", .format = format, .level = level});
  }
  [[nodiscard]] std::string text() const { return directory_.read("log"); }
  // What follows the timestamp and the program.
  [[nodiscard]] std::string record() const {
    const auto whole = text();
    return whole.substr(whole.find("] ") + 2);
  }

 private:
  TemporaryDirectory directory_;

 public:
  Log log{"test"};
};

const Fields hostile = {{"newline", "a\nb\r"},         {"nul", std::string("a\0b", 3)},
                        {"quote", "say \"x\" and \\"}, {"equals", "a=b"},
                        {"escape", "\x1b[31m"},        {"c1", "\xc2\x9b"},
                        {"invalid", "\xff\xfe\xc3"},   {"utf8", "Jürgen 台"}};

}  // namespace

TEST_CASE("a record as text is one line of name=value, quoted where it must be") {
  Written written(LogFormat::text);
  written.log.write(PIGEON_LOG_INFO, "delivery",
                    {{"a", "1"}, {"b", ""}, {"c", "two words"}, {"d", "x=\"y\""}});
  CHECK(written.record() == "info delivery a=1 c=\"two words\" d=\"x=\\\"y\\\"\"\n");
  CHECK(written.text().find("Z test[") == 23);
}

TEST_CASE("a record stays one printable line, whatever stands in it") {
  Written written(LogFormat::text);
  written.log.write(PIGEON_LOG_WARNING, "hostile", hostile);
  auto line = written.text();
  REQUIRE(line.back() == '\n');
  line.pop_back();
  CHECK_FALSE(pigeon::has_control_characters(line));
  CHECK(pigeon::is_utf8(line));
  CHECK(line.find("newline=a\\x0ab\\x0d") != std::string::npos);
  CHECK(line.find("c1=\\xc2\\x9b") != std::string::npos);
  CHECK(line.find("utf8=\"Jürgen 台\"") != std::string::npos);
}

TEST_CASE("no value ends before its end, or passes for fields of the record") {
  for (const std::string value :
       {R"(a\" status=delivered x=")", R"(a \)", R"(\\" x)", R"(")", R"(\)", "a\n\" exit=0"}) {
    CAPTURE(value);
    Written written(LogFormat::text);
    written.log.write(PIGEON_LOG_INFO, "x", {{"v", value}, {"end", "1"}});
    const auto record = written.record();
    const std::string head = "info x v=\"";
    const std::string tail = " end=1\n";
    if (record.substr(0, head.size()) != head) {  // a plain word stands as it is
      CHECK(record == "info x v=" + value + tail);
      continue;
    }
    std::string read;
    std::size_t at = head.size();
    for (; at < record.size() && record[at] != '"'; ++at) {
      if (record[at] == '\\') ++at;
      read += record.at(at);
    }
    CHECK(read == pigeon::printable(value));
    CHECK(record.substr(at + 1) == tail);
  }
}

TEST_CASE("a record as JSON is valid, whatever stands in it, and says the same") {
  Written written(LogFormat::json);
  written.log.write(PIGEON_LOG_ERROR, "hostile", hostile);
  const auto record = boost::json::parse(written.text());
  CHECK(record.at("level").as_string() == "error");
  CHECK(record.at("event").as_string() == "hostile");
  CHECK(record.at("program").as_string() == "test");
  CHECK(record.at("quote").as_string() == "say \"x\" and \\");
  CHECK(record.at("invalid").as_string() == "\\xff\\xfe\\xc3");
  CHECK(record.at("utf8").as_string() == "Jürgen 台");
}

TEST_CASE("random bytes make valid records in both formats") {
  std::mt19937 random(1);
  Written text(LogFormat::text);
  Written json(LogFormat::json);
  for (int round = 0; round < 200; ++round) {
    std::string value;
    for (std::size_t length = random() % 40; length > 0; --length) value += static_cast<char>(random());
    text.log.write(PIGEON_LOG_INFO, "x", {{"v", value}});
    json.log.write(PIGEON_LOG_INFO, "x", {{"v", value}});
  }
  CHECK(pigeon::is_utf8(text.text()));
  auto lines = pigeon::split(text.text(), '\n');
  CHECK(lines.size() == 201);
  const auto records = json.text();
  lines = pigeon::split(records, '\n');
  REQUIRE(lines.size() == 201);
  lines.pop_back();
  for (const auto line : lines) CHECK_NOTHROW(boost::json::parse({line.data(), line.size()}));
}

TEST_CASE("a value that is endless is cut, and still valid") {
  Written written(LogFormat::json);
  std::string value(4095, 'x');
  for (int i = 0; i < 1000; ++i) value += "ü";
  written.log.write(PIGEON_LOG_INFO, "x", {{"v", value}});
  CHECK(written.text().size() < 5000);
  CHECK_NOTHROW(boost::json::parse(written.text()));
}

TEST_CASE("what is less important than the level is not written") {
  Written written(LogFormat::text, PIGEON_LOG_WARNING);
  written.log.write(PIGEON_LOG_INFO, "no", {});
  written.log.write(PIGEON_LOG_DEBUG, "no", {});
  CHECK(written.text().empty());
  written.log.write(PIGEON_LOG_WARNING, "yes", {});
  written.log.write(PIGEON_LOG_ERROR, "yes", {});
  CHECK(pigeon::split(written.text(), '\n').size() == 3);
}

TEST_CASE("records of several threads do not mix") {
  Written written(LogFormat::text);
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&written, thread] {
      for (int i = 0; i < 50; ++i)
        written.log.write(PIGEON_LOG_INFO, "x", {{"v", std::string(200, static_cast<char>('a' + thread))}});
    });
  }
  for (auto& thread : threads) thread.join();
  const auto text = written.text();
  auto lines = pigeon::split(text, '\n');
  REQUIRE(lines.size() == 201);
  lines.pop_back();
  for (const auto line : lines) {
    const auto value = line.substr(line.find("v=") + 2);
    CHECK(value == std::string(200, value.front()));
  }
}

TEST_CASE("a log file that cannot be opened keeps nobody from working") {
  Log log("test");
  log.configure({.to = "/nowhere/at/all/log"});
  log.write(PIGEON_LOG_INFO, "x", {{"v", "goes to syslog"}});
}

TEST_CASE("a failure is told as what was met and what to do") {
  CHECK(pigeon::host::fields_of(pigeon::temporary("met").with_remedy("do")) ==
        Fields{{"detail", "met"}, {"remedy", "do"}});
}
