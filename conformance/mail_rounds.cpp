// SPDX-License-Identifier: MIT
#include "conformance/mail_rounds.hpp"

#include <pigeon/sdk/text.hpp>

#include <algorithm>
#include <random>
#include <utility>

namespace pigeon::conformance {
namespace {

// More than is written in one go.
constexpr std::size_t kTextSize = 100'000;
constexpr const char* kCannotList = "-";

std::string text_of_delivery(const Trial& trial, const Allocation& allocation, const std::string& name) {
  std::mt19937_64 random(trial.seed() ^ std::hash<std::string>{}(allocation.id + name));
  std::string text = allocation.id + " " + name + "\n";
  while (text.size() < kTextSize) text += static_cast<char>('a' + random() % 26);
  return text;
}

Answer answer_of(const Receipt& receipt) {
  return {receipt.status, receipt.failure.detail};
}

// What the MDA says is in the mailbox: its answer, then the size of each message.
void say_list(Stage& stage, Instance& instance, const Allocation& allocation) {
  const auto mda = instance.operations<pigeon_mda>();
  if (mda.list == nullptr) return stage.say(kCannotList);
  std::vector<std::uint64_t> sizes;
  const pigeon_entry_sink sink = {
      sizeof sink, 0, &sizes, [](void* context, const pigeon_entry* entry) noexcept -> std::uint32_t {
        static_cast<std::vector<std::uint64_t>*>(context)->push_back(entry->bytes);
        return 0;
      }};
  const LentAllocation lent(allocation);
  auto error = blank_error();
  const auto status =
      mda.list(instance.get(), &lent.get(), Deadline::in(std::chrono::seconds(20)).value(), &sink, &error);
  stage.say(Answer(copy(error, status)).text());
  for (const auto size : sizes) stage.say(std::to_string(size));
}

// What went wrong; nothing if the first answer is a success.
std::string trouble_of(const Trace& done) {
  if (!done.broken.empty()) return done.broken;
  if (!done.ended() || done.said.empty()) return done.how_it_ended();
  const auto first = Answer::parse(done.said.front());
  return first.is_ok() ? "" : first.shown();
}

}  // namespace

std::string Found::shown() const {
  if (!trouble.empty()) return trouble;
  auto text = std::to_string(copies) + " whole, " + std::to_string(listed) + " in the mailbox";
  return torn == 0 ? text : text + ", " + std::to_string(torn) + " of them cut off";
}

Result<std::unique_ptr<Instance>> MailRounds::open() const {
  return trial_->open_with(PIGEON_TRY(trial_->settings()));
}

Work MailRounds::with_mailbox(std::function<void(Stage&, Instance&, Mailbox&)> body) const {
  return [this, body = std::move(body)](Stage& stage) {
    auto instance = open();
    if (!instance) return stage.say(Answer(instance.failure()).text());
    Mailbox mailbox(*trial_, **instance);
    mailbox.use(allocation_);
    body(stage, **instance, mailbox);
  };
}

std::string MailRounds::begin() {
  const auto done = Companion([&](Stage& stage) {
                      const auto instance = trial_->open();
                      stage.say(Answer(instance ? Done() : Done(instance.failure())).text());
                      if (!instance) return;
                      const auto unseen = cannot_look(*trial_);
                      stage.say(conformance::hands_over(**instance) ? "yes" : "no");
                      stage.say(unseen ? unseen->came : "");
                    }).wait();
  hands_over_ = done.said.size() > 1 && done.said[1] == "yes";
  blind_ = done.said.size() > 2 ? done.said[2] : "";
  return trouble_of(done);
}

std::string MailRounds::allocate(const std::string& user, bool ensures) {
  allocation_ = {"id" + user, {}, {"example.com", user}};
  const auto done = Companion(with_mailbox([&](Stage& stage, Instance& /*instance*/, Mailbox& mailbox) {
                      const auto proposed = mailbox.propose(allocation_.principal);
                      if (!proposed) return stage.say(Answer(proposed.failure()).text());
                      const Allocation allocation = {allocation_.id, *proposed, allocation_.principal};
                      stage.say(Answer(ensures ? mailbox.ensure(allocation) : Done()).text());
                      for (const auto& [name, values] : *proposed) {
                        for (const auto& value : values) {
                          stage.say(name);
                          stage.say(value);
                        }
                      }
                    })).wait();
  for (std::size_t at = 1; at + 1 < done.said.size(); at += 2)
    allocation_.attributes.add(done.said[at], done.said[at + 1]);
  return trouble_of(done);
}

Parcel MailRounds::parcel(const std::string& name) const {
  return {.id = name, .text = text_of_delivery(*trial_, allocation_, name)};
}

Work MailRounds::ensuring() const {
  return with_mailbox([this](Stage& stage, Instance& /*instance*/, Mailbox& mailbox) {
    stage.begin();
    stage.say(Answer(mailbox.ensure(allocation_)).text());
  });
}

Work MailRounds::delivering(std::vector<std::string> names) const {
  return with_mailbox(
      [this, names = std::move(names)](Stage& stage, Instance& /*instance*/, Mailbox& mailbox) {
        std::vector<Parcel> parcels;
        for (const auto& name : names) parcels.push_back(parcel(name));
        stage.begin();
        for (const auto& each : parcels) stage.say(answer_of(mailbox.deliver(each)).text());
      });
}

Work MailRounds::delivering_again(const std::string& name) const {
  return with_mailbox([this, name](Stage& stage, Instance& /*instance*/, Mailbox& mailbox) {
    const auto each = parcel(name);
    stage.begin();
    const auto first = mailbox.deliver(each);
    stage.end();
    stage.say(answer_of(first).text());
    stage.say(std::to_string(mailbox.copies(each.text)));
    stage.say(answer_of(mailbox.deliver(each)).text());
  });
}

Work MailRounds::allocating_again() const {
  return with_mailbox([this](Stage& stage, Instance& /*instance*/, Mailbox& mailbox) {
    const auto make = [&]() -> Done {
      const auto proposed = PIGEON_TRY(mailbox.propose(allocation_.principal));
      if (proposed != allocation_.attributes) return failure(PIGEON_BUG, "it proposed another allocation");
      return mailbox.ensure(allocation_);
    };
    stage.begin();
    const auto first = make();
    stage.end();
    stage.say(Answer(first).text());
    stage.say(Answer(make()).text());
  });
}

Answer MailRounds::only_answer(const Work& work) {
  const auto done = Companion(work).wait();
  if (done.said.empty() || !done.ended()) return {PIGEON_BUG, done.how_it_ended()};
  return Answer::parse(done.said.front());
}

Found MailRounds::look_for(const std::string& name) const {
  const auto looked =
      Companion(with_mailbox([&](Stage& stage, Instance& instance, Mailbox& mailbox) {
        stage.say(Answer(PIGEON_OK, "").text());
        stage.say(std::to_string(mailbox.copies(text_of_delivery(*trial_, allocation_, name))));
        say_list(stage, instance, allocation_);
      })).wait();
  Found found = {.trouble = trouble_of(looked), .most = hands_over_ ? 2U : 1U};
  if (!found.trouble.empty() || looked.said.size() < 3) return found;
  found.copies = static_cast<std::size_t>(number(looked.said[1]).value_or(0));
  found.can_list = looked.said[2] != kCannotList;
  found.listed = found.can_list ? looked.said.size() - 3 : found.copies;
  if (!found.can_list) return found;
  if (const auto answer = Answer::parse(looked.said[2]); !answer.is_ok()) found.trouble = answer.shown();
  found.torn = static_cast<std::size_t>(
      std::count_if(looked.said.begin() + 3, looked.said.end(),
                    [](const std::string& size) { return number(size).value_or(0) < kTextSize; }));
  return found;
}

}  // namespace pigeon::conformance
