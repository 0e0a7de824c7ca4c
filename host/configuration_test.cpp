// SPDX-License-Identifier: MIT
#include "host/configuration.hpp"

#include <pigeon/sdk/schema.hpp>
#include <pigeon/testing/temporary_directory.hpp>

#include <doctest/doctest.h>

#include <sys/stat.h>

#include <array>
#include <cstdlib>
#include <string>
#include <vector>

using pigeon::Result;
using pigeon::host::Configuration;
using pigeon::host::Disabled;
using pigeon::host::LogFormat;
using pigeon::loader::Trust;
using pigeon::testing::TemporaryDirectory;

namespace {

const std::string least = R"("datatree": "datatree-x", "modules": ["m"])";

class File {
 public:
  explicit File(const std::string& text) : path_(directory_.write("pigeon.json", text)) {
    ::chmod(path_.c_str(), 0600);
  }
  [[nodiscard]] Result<Configuration> read(const std::vector<std::string>& overrides = {}) const {
    return Configuration::read(path_, overrides, Trust());
  }
  // What is complained of, without the name of the file.
  [[nodiscard]] std::string complaint(const std::vector<std::string>& overrides = {}) const {
    const auto read = this->read(overrides);
    if (read) return "nothing";
    CHECK(read.failure().status == PIGEON_MISCONFIGURED);
    if (read.failure().detail.find(path_ + ":") != std::string::npos)
      CHECK_FALSE(read.failure().remedy.empty());
    return without_name(read.failure().detail);
  }
  [[nodiscard]] std::string without_name(const std::string& detail) const {
    const auto at = detail.find(path_ + ":");
    return at == std::string::npos ? detail : detail.substr(at + path_.size() + 1);
  }
  [[nodiscard]] const TemporaryDirectory& directory() const { return directory_; }

 private:
  TemporaryDirectory directory_;
  std::string path_;
};

std::string complaint_of(const std::string& text) {
  return File("{" + least + ",\n" + text + "}").complaint();
}

constexpr std::array kSettings = {
    pigeon::path_of("base", "where", PIGEON_DECLARATION_MANDATORY),
    pigeon::integer_of("port", "number", "25"),
    pigeon::text_of("password", "secret", nullptr, PIGEON_DECLARATION_SECRET),
    pigeon::choice_of("mode", "slow|fast", "how", nullptr, PIGEON_DECLARATION_SECRET),
    pigeon::text_of("hosts", "several", nullptr, PIGEON_DECLARATION_MULTI),
};

pigeon_plugin plugin() {
  pigeon_plugin described = {};
  described.size = sizeof described;
  described.name = "mda-x";
  described.settings = kSettings.data();
  described.setting_count = kSettings.size();
  return described;
}

// The section of a plugin with these settings, or what is complained of.
std::string section_complaint(const std::string& section) {
  const File file("{" + least + ", \"mda-x\": " + section + "}");
  const auto read = file.read();
  REQUIRE(read);
  const auto settings = read->settings_of(plugin());
  return settings ? "nothing" : file.without_name(settings.failure().detail);
}

}  // namespace

TEST_CASE("what is not in the file has its default") {
  const auto read = File("{" + least + "}").read();
  REQUIRE(read);
  CHECK(read->datatree == "datatree-x");
  CHECK(read->modules == std::vector<std::string>{"m"});
  CHECK(read->deadline == std::chrono::seconds(240));
  CHECK(read->disabled == Disabled::defer);
  CHECK(read->log.to == "syslog");
  CHECK(read->log.format == LogFormat::text);
  CHECK(read->log.level == PIGEON_LOG_INFO);
  CHECK(read->address.detail_delimiters == "+");
  CHECK(read->address.fold_local_part);
  CHECK(read->spool.memory == 1U << 20U);
  CHECK(read->plugins.size() == 1);
  CHECK_FALSE(read->message_limit);
  CHECK_FALSE(read->user);
}

TEST_CASE("every key of the host's own is taken, relative paths from where the file is") {
  const File file("{" + least + R"(, "plugins": ["plugins", "/opt/plugins"], "deadline": "90s",
      "disabled": "reject", "user": "vmail", "minimumUid": 500, "messageLimit": "10M",
      "log": {"to": "../mail.log", "format": "json", "level": "debug"},
      "address": {"detailDelimiters": "+-", "localPart": "exact"},
      "spool": {"directory": "spool", "memory": 0},})");
  const auto read = file.read();
  REQUIRE(read);
  const auto here = file.directory().path();
  CHECK(read->plugins == std::vector<std::string>{(here / "plugins").string(), "/opt/plugins"});
  CHECK(read->deadline == std::chrono::seconds(90));
  CHECK(read->disabled == Disabled::reject);
  CHECK(read->user == "vmail");
  CHECK(read->minimum_uid == 500);
  CHECK(read->message_limit == 10U << 20U);
  CHECK(read->log.to == (here.parent_path() / "mail.log").string());
  CHECK(read->log.format == LogFormat::json);
  CHECK(read->log.level == PIGEON_LOG_DEBUG);
  CHECK_FALSE(read->address.fold_local_part);
  CHECK(read->spool.directory == (here / "spool").string());
  CHECK(read->spool.memory == 0);
}

TEST_CASE("a mistake is named with its line, its column, and the key that was probably meant") {
  CHECK(complaint_of("\"dedline\": 3") == "2:1: unknown key 'dedline' (did you mean 'deadline'?)");
  CHECK(complaint_of("\"log\": {\"level\": \"info\",\n  \"formt\": 1}") ==
        "3:3: unknown key 'formt' (did you mean 'format'?)");
  CHECK(complaint_of("\"quite-another\": 1") == "2:1: unknown key 'quite-another'");
  CHECK(complaint_of("\"x\": 1,, ").rfind("2:", 0) == 0);
  CHECK(complaint_of("\"deadline\": 1, \"deadline\": 2") == "2:16: the key 'deadline' stands twice");
}

TEST_CASE("a value of the wrong type or range is refused where it stands") {
  CHECK(complaint_of("\"deadline\": []") == "2:1: \"deadline\" takes one value");
  CHECK(complaint_of("\"deadline\": 1.5") ==
        "2:1: \"deadline\" must be a string, a whole number, true or false");
  CHECK(complaint_of("\"deadline\": null") ==
        "2:1: \"deadline\" must be a string, a whole number, true or false");
  CHECK(complaint_of("\"deadline\": \"soon\"").rfind("2:1: \"deadline\" must be a time", 0) == 0);
  CHECK(complaint_of("\"deadline\": \"999ms\"") == "2:1: \"deadline\" must be at least a second");
  CHECK(complaint_of("\"deadline\": -1").rfind("2:1: \"deadline\" must be a time", 0) == 0);
  CHECK(complaint_of("\"disabled\": \"maybe\"") == "2:1: \"disabled\" must be one of defer, reject");
  CHECK(complaint_of("\"minimumUid\": 18446744073709551615") == "2:1: \"minimumUid\" must be a whole number");
  CHECK(complaint_of("\"messageLimit\": \"9999999999G\"").rfind("2:1: \"messageLimit\" must be a size", 0) ==
        0);
  CHECK(complaint_of("\"user\": \"\"") == "2:1: \"user\" must not be empty");
  CHECK(complaint_of("\"log\": \"stderr\"") == "2:1: \"log\" must be an object");
  CHECK(complaint_of("\"log\": {\n\"to\": {}}") ==
        "3:1: \"log.to\" must be a string, a whole number, true or false");
}

TEST_CASE("what is mandatory is asked for, with what it means") {
  CHECK(File("{\"modules\": []}").complaint() ==
        "1:1: \"datatree\" is missing: the plugin that keeps the tree");
  CHECK(File("{\"datatree\": \"datatree-x\"}").complaint() ==
        "1:1: \"modules\" is missing: which modules may run, and their order");
}

TEST_CASE("a file that is no object, empty, or far too large is refused") {
  CHECK(File("[]").complaint() != "nothing");
  CHECK(File("").complaint().rfind("1:1", 0) == 0);
  CHECK(File("{" + least + "} // " + std::string(2U << 20U, 'x')).complaint() != "nothing");
  CHECK(File("{\"x\": " + std::string(10'000, '[') + "}").complaint() != "nothing");
}

TEST_CASE("a file that is not there, or that others may write, is refused") {
  const File file("{" + least + "}");
  CHECK_FALSE(Configuration::read(file.directory() / "other.json", {}, Trust()));
  ::chmod((file.directory() / "pigeon.json").c_str(), 0620);
  CHECK(file.complaint().find("is group-writable") != std::string::npos);
}

TEST_CASE("an override wins over the file, and is checked like it") {
  const File file("{" + least + ", \"deadline\": 10, \"log\": {\"to\": \"stderr\"}}");
  const auto read = file.read({"deadline=20", "log.level=debug", "mda-x.base=/x", "user=a=b"});
  REQUIRE(read);
  CHECK(read->deadline == std::chrono::seconds(20));
  CHECK(read->log.level == PIGEON_LOG_DEBUG);
  CHECK(read->log.to == "stderr");
  CHECK(read->user == "a=b");
  CHECK(read->settings_of(plugin())->text("base") == "/x");
  CHECK(file.read({"modules=[\"a\",\"b\"]"})->modules.size() == 2);
  CHECK(file.complaint({"dedline=3"}).find("unknown key 'dedline'") != std::string::npos);
  CHECK(file.complaint({"deadline"}).find("it is not KEY=VALUE") != std::string::npos);
  CHECK(file.complaint({"=x"}).find("it is not KEY=VALUE") != std::string::npos);
}

TEST_CASE("a configuration with one more override leaves the first one as it was") {
  const File file("{" + least + ", \"mda-x\": {\"base\": \"/y\"}}");
  const auto read = file.read();
  REQUIRE(read);
  const auto changed = read->with("mda-x.base=/x y");
  REQUIRE(changed);
  CHECK(changed->settings_of(plugin())->text("base") == "/x y");
  CHECK(read->settings_of(plugin())->text("base") == "/y");
  CHECK(changed->datatree == read->datatree);
  CHECK_FALSE(read->with("deadline=no"));
}

TEST_CASE("the environment stands for ${NAME}, anywhere in a string, once") {
  ::setenv("PIGEON_TEST_VALUE", "re${USER}ject", 1);  // NOLINT(concurrency-mt-unsafe)
  const File file("{" + least + R"(, "user": "a-${PIGEON_TEST_VALUE}-$x-${", "log": {"to": "stderr"}})");
  const auto read = file.read();
  REQUIRE(read);
  CHECK(read->user == "a-re${USER}ject-$x-${");
  CHECK(complaint_of("\"user\": \"${PIGEON_TEST_NOTHING}\"") ==
        "2:1: the environment has no variable PIGEON_TEST_NOTHING");
}

TEST_CASE("a plugin's section has the environment that the configuration was read in") {
  ::setenv("PIGEON_TEST_VALUE", "s3cret", 1);  // NOLINT(concurrency-mt-unsafe)
  const File file("{" + least + R"(, "MDA-X": {"base": "mail", "password": "${PIGEON_TEST_VALUE}"}})");
  const auto read = file.read();
  REQUIRE(read);
  ::unsetenv(
      "PIGEON_TEST_VALUE");  // NOLINT(concurrency-mt-unsafe): as a delivery does before it runs plugins
  const auto settings = read->settings_of(plugin());
  REQUIRE(settings);
  CHECK(settings->text("password") == "s3cret");
}

TEST_CASE("a plugin is given what it declared, with defaults, absolute paths and secrets read") {
  const File file("{" + least +
                  R"(, "MDA-X": {"base": "mail", "password": "file:secret", "hosts": ["a", "b"]}})");
  const auto secret = file.directory().write("secret", "s3cret\r\n");
  ::chmod(secret.c_str(), 0600);
  const auto read = file.read();
  REQUIRE(read);
  const auto settings = read->settings_of(plugin());
  REQUIRE(settings);
  CHECK(settings->text("base") == file.directory() / "mail");
  CHECK(settings->integer("port") == 25);
  CHECK(settings->text("password") == "s3cret");
  CHECK(settings->all("hosts").size() == 2);
  CHECK_FALSE(settings->has("mode"));
}

TEST_CASE("a section with a mistake is refused when the plugin asks for it") {
  CHECK(section_complaint(R"({"port": 1})") == "1:46: \"mda-x.base\" is missing: where");
  CHECK(section_complaint(R"({"base": "x", "prt": 1})") == "1:69: unknown key 'prt' (did you mean 'port'?)");
  CHECK(section_complaint(R"({"base": "x", "port": ["1"]})") == "1:69: \"mda-x.port\" takes one value");
  CHECK(section_complaint(R"({"base": "x", "password": "file:nowhere"})").find("there is no such file") !=
        std::string::npos);
}

TEST_CASE("a complaint never shows a secret") {
  CHECK(section_complaint(R"({"base": "x", "mode": "hush"})").find("hush") == std::string::npos);
  CHECK(section_complaint(R"({"base": "x", "mode": "hush"})") != "nothing");
}

TEST_CASE("a section that is no plugin's is refused with the nearest name") {
  const File file("{" + least + ",\n\"mda-y\": {}, \"mda-z\": {}}");
  const auto read = file.read();
  REQUIRE(read);
  CHECK(read->plugin_sections() == std::vector<std::string>{"mda-y", "mda-z"});
  const auto refused = read->unknown_section("mda-y", {"mda-x", "creator"});
  CHECK(file.without_name(refused.detail) ==
        "2:1: unknown key 'mda-y', and no plugin of that name is installed (did you mean 'mda-x'?)");
  CHECK(complaint_of("\"mda-y\": 5") == "2:1: unknown key 'mda-y'");
}
