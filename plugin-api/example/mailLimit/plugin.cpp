// SPDX-License-Identifier: MIT
//
// mailLimit: refuses messages that are larger than its object says. It takes nothing; a module behind it
// does.
#include <pigeon/sdk/module.hpp>

class Limit {
 public:
  static pigeon::Result<std::unique_ptr<Limit>> open(pigeon::Host /*host*/,
                                                     const pigeon::Settings& /*settings*/) {
    return std::make_unique<Limit>();
  }

  pigeon::Result<pigeon::Outcome> run(pigeon::Run& run) {
    const auto object = run.object();
    const auto value = object.attributes.get("largestMessage");
    if (!value) return pigeon::Outcome::go_on;
    const auto limit = pigeon::size_in_bytes(*value);
    if (!limit) {
      return pigeon::misconfigured("property 'largestMessage' of " + object.path + " is no size")
          .with_remedy("pigeonctl tree set " + pigeon::shell_word(object.path) + " largestMessage=10M");
    }
    const auto size = run.message().size();
    run.explain(std::to_string(size) + " bytes, at most " + std::to_string(*limit));
    if (size <= *limit) return pigeon::Outcome::go_on;
    return pigeon::failure(PIGEON_MESSAGE_REFUSED, "the message has " + std::to_string(size) + " bytes")
        .with_reason({5, 3, 4}, "message too large");
  }
};

constexpr std::array kAttributes = {pigeon::size_of("largestMessage", "how large a message may be")};
constexpr pigeon_class kClass = pigeon::structural("mailLimit", "refuses large messages", kAttributes);
constexpr std::array kClasses = {&kClass};
constexpr pigeon::About kAbout = {.name = "mailLimit",
                                  .version = "1.0",
                                  .summary = "refuses messages that are too large",
                                  .classes = kClasses};

PIGEON_MODULE(Limit, 0, kAbout);
