// SPDX-License-Identifier: MIT
#include "host/control/output.hpp"

#include <pigeon/sdk/text.hpp>
#include <pigeon/sdk/tree_path.hpp>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace pigeon::control {
namespace json = boost::json;
namespace {

constexpr int kRed = 31;
constexpr int kGreen = 32;

void print(std::FILE* to, const std::string& text) {
  static_cast<void>(std::fputs((text + "\n").c_str(), to));
}

json::value values_of(const Values& values) {
  if (values.size() == 1) return json::value(values.front());
  return json::value(json::array(values.begin(), values.end()));
}

Result<std::string> string_of(const json::value& value, const std::string& name) {
  if (const auto* text = value.if_string()) return std::string(text->data(), text->size());
  return misconfigured("'" + name + "' must be a string");
}

}  // namespace

Output::Output(bool json)
    : is_json_(json),
      has_colours_(!json && ::isatty(STDOUT_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr) {
}  // NOLINT(*-mt-unsafe)

std::string Output::coloured(std::string_view text, int colour) const {
  if (!has_colours_) return std::string(text);
  return "\033[" + std::to_string(colour) + "m" + std::string(text) + "\033[0m";
}

void Output::line(std::string_view text) const {
  if (!is_json_) print(stdout, std::string(text));
}

void Output::value(const json::value& value) const {
  if (is_json_) print(stdout, json::serialize(value));
}

void Output::object(const Object& object) const {
  value(to_json(object));
  line("path: " + printable(object.path));
  line("class: " + join(object.auxiliary.empty() ? Values{object.objectclass}
                                                 : Values{object.objectclass, join(object.auxiliary, ", ")},
                        ", "));
  for (const auto& [name, values] : object.attributes) {
    for (const auto& each : values) line(name + ": " + printable(each));
  }
}

void Output::good(const std::string& what, const std::string& note) const {
  line(coloured("ok     ", kGreen) + what + (note.empty() ? "" : ": " + note));
  value(json::object{{"check", what}, {"ok", true}, {"note", note}});
}

void Output::bad(const std::string& what, const Failure& failure) const {
  line(coloured("WRONG  ", kRed) + what + ": " + printable(failure.detail));
  if (!failure.remedy.empty()) line("       to mend it: " + printable(failure.remedy));
  value(json::object{{"check", what}, {"ok", false}, {"detail", failure.detail}, {"remedy", failure.remedy}});
}

void Output::failure(const Failure& failure) const {
  if (is_json_) {
    print(stderr,
          json::serialize(json::object{{"error", printable(failure.detail)}, {"remedy", failure.remedy}}));
    return;
  }
  print(stderr, "pigeonctl: " + printable(failure.detail));
  if (!failure.remedy.empty()) print(stderr, "to mend it: " + printable(failure.remedy));
}

std::string counted(std::uint64_t count, std::string_view one, std::string_view many) {
  return std::to_string(count) + " " + std::string(count == 1 ? one : many);
}

json::object to_json(const Object& object) {
  json::object line = {{"path", object.path}, {"class", object.objectclass}};
  if (!object.auxiliary.empty()) {
    line["auxiliary"] = json::array(object.auxiliary.begin(), object.auxiliary.end());
  }
  json::object attributes;
  for (const auto& [name, values] : object.attributes) attributes[name] = values_of(values);
  if (!attributes.empty()) line["attributes"] = std::move(attributes);
  return line;
}

Result<Object> from_json(std::string_view line) {
  json::error_code error;
  const auto parsed = json::parse(json::string_view(line.data(), line.size()), error);
  if (error || !parsed.is_object()) return misconfigured("it is not a JSON object");
  Object object;
  for (const auto& member : parsed.get_object()) {
    const std::string key(member.key());
    const auto& value = member.value();
    if (key == "path" || key == "class") {
      (key == "path" ? object.path : object.objectclass) = PIGEON_TRY(string_of(value, key));
    } else if (key == "auxiliary" && value.is_array()) {
      for (const auto& each : value.get_array()) object.auxiliary.push_back(PIGEON_TRY(string_of(each, key)));
    } else if (key == "attributes" && value.is_object()) {
      for (const auto& attribute : value.get_object()) {
        const std::string name(attribute.key());
        if (!is_key_string(name))
          return misconfigured("'" + printable(name) + "' cannot be the name of an attribute");
        const auto* list = attribute.value().if_array();
        if (list == nullptr) object.attributes.add(name, PIGEON_TRY(string_of(attribute.value(), name)));
        if (list == nullptr) continue;
        for (const auto& each : *list) object.attributes.add(name, PIGEON_TRY(string_of(each, name)));
      }
    } else {
      return misconfigured("it has an unexpected '" + printable(key) + "'");
    }
  }
  const auto path = TreePath::parse(object.path);
  if (!path) return misconfigured("'" + printable(object.path) + "' is not a path");
  object.path = path->text();
  return object;
}

Progress::Progress(std::string what)
    : what_(std::move(what)),
      is_seen_(::isatty(STDERR_FILENO) == 1),
      next_(Clock::now() + std::chrono::seconds(2)) {}

Progress::~Progress() {
  if (has_shown_) static_cast<void>(std::fputs("\n", stderr));
}

void Progress::at(std::uint64_t count) {
  if (!is_seen_ || Clock::now() < next_) return;
  next_ = Clock::now() + std::chrono::milliseconds(500);
  has_shown_ = true;
  static_cast<void>(std::fputs(("\r" + std::to_string(count) + " " + what_).c_str(), stderr));
}

}  // namespace pigeon::control
