// SPDX-License-Identifier: MIT
//
// An MDA in C++: a class with
//
//   Result<Attributes> propose(const Principal&, const Attributes& requests)
//   Done ensure(const Allocation&, Deadline)
//   Result<Stored> deliver(const Delivery&)        one at a time, or else
//   void deliver(std::span<Delivery>)              the whole batch, each answered
//   Done list(const Allocation&, Deadline, const std::function<bool(const Entry&)>&)       optional
//   Done adopt(const Allocation&, Deadline)        optional
//   Done purge(const Allocation&, Deadline)        optional
//   Done read(const Allocation&, const std::string& folder, const std::string& name, Deadline,
//             const std::function<bool(std::string_view)>&)                                    optional
//   Done retire(const Allocation&, Deadline)       optional
//   Result<Usage> usage(const Allocation&, const Settings& preferences, bool recount, Deadline)    optional
//   static constexpr bool kHandsOver = true       if another server keeps the mailboxes
//
// and what plugin.hpp says of every instance; then PIGEON_MDA(Class, kAbout). The promises that each of these
// must keep are in pigeon/abi/mda.h; pigeon/sdk/file.hpp has the steps that keep them on a file system.
#pragma once

#include <pigeon/abi/mda.h>
#include <pigeon/sdk/message.hpp>
#include <pigeon/sdk/object.hpp>
#include <pigeon/sdk/plugin.hpp>

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pigeon::inline v0 {

// Whom a mailbox is for. An empty user: the domain's catch-all.
struct Principal {
  std::string domain;
  std::string user;

  // As pigeonctl takes it: "user@domain", and "@domain" for the catch-all.
  [[nodiscard]] std::string address() const { return user + "@" + domain; }
};

struct Allocation {
  std::string id;
  Attributes attributes = {};
  Principal principal = {};
};

struct Entry {
  std::string folder;
  std::string name;
  std::uint64_t bytes = 0;
  std::int64_t received = 0;  // seconds since 1970, UTC
  std::uint32_t marks = 0;    // PIGEON_MARK_*
  std::string id = {};        // the unique delivery id, where the format knows it
};

// How full a mailbox is. A limit is 0 where there is none.
struct Usage {
  std::uint64_t bytes = 0;
  std::uint64_t messages = 0;
  std::uint64_t bytes_limit = 0;
  std::uint64_t messages_limit = 0;
};

struct Stored {
  std::string where;
  bool already_there = false;
  bool no_such_folder = false;
};

inline Allocation copy(const pigeon_allocation& allocation) {
  return {copy(allocation.id),
          copy(allocation.attributes, allocation.attribute_count),
          {copy(allocation.principal.domain), copy(allocation.principal.user)}};
}

// An allocation as C sees it. Its texts stay the allocation's, who must outlive it.
class LentAllocation {
 public:
  explicit LentAllocation(const Allocation& allocation)
      : attributes_(allocation.attributes),
        allocation_{sizeof allocation_,
                    0,
                    {sizeof(pigeon_principal), 0, borrow(allocation.principal.domain),
                     borrow(allocation.principal.user)},
                    borrow(allocation.id),
                    attributes_.data(),
                    attributes_.size()} {}

  [[nodiscard]] const pigeon_allocation& get() const { return allocation_; }

 private:
  LentAttributes attributes_;
  pigeon_allocation allocation_;
};

// One message for one mailbox; answered exactly once.
class Delivery {
 public:
  explicit Delivery(const pigeon_delivery& delivery)
      : delivery_(&delivery),
        allocation_(copy(*delivery.allocation)),
        preferences_(copy(delivery.preferences, delivery.preference_count)) {}

  [[nodiscard]] std::string id() const { return copy(delivery_->id); }
  [[nodiscard]] bool id_is_unique() const { return (delivery_->flags & PIGEON_DELIVERY_ID_IS_UNIQUE) != 0; }
  [[nodiscard]] const Allocation& allocation() const { return allocation_; }
  [[nodiscard]] const Settings& preferences() const { return preferences_; }
  [[nodiscard]] std::string_view folder() const { return view(delivery_->folder); }
  [[nodiscard]] Envelope envelope() const { return Envelope(*delivery_->envelope); }
  [[nodiscard]] Message message() const { return Message(*delivery_->message); }
  [[nodiscard]] Deadline deadline() const { return Deadline(delivery_->deadline); }
  // A message that another mailbox held: then received and marks are its own.
  [[nodiscard]] bool is_moved() const { return (delivery_->flags & PIGEON_DELIVERY_IS_MOVED) != 0; }
  [[nodiscard]] std::int64_t received() const { return delivery_->received; }
  [[nodiscard]] std::uint32_t marks() const { return delivery_->marks; }

  void answer(const Result<Stored>& result) const {
    pigeon_receipt& receipt = *delivery_->receipt;
    if (!result) {
      receipt.status = report(result.failure(), receipt.error);
      return;
    }
    receipt.status = PIGEON_OK;
    receipt.flags = (result->already_there ? PIGEON_RECEIPT_ALREADY_THERE : 0) |
                    (result->no_such_folder ? PIGEON_RECEIPT_NO_SUCH_FOLDER : 0);
    put(receipt.stored, result->where);
  }

 private:
  const pigeon_delivery* delivery_;
  Allocation allocation_;
  Settings preferences_;
};

template <typename T>
struct MdaOperations {
  static T& of(void* instance) { return Instance<T>::of(instance); }

  static pigeon_status propose(void* instance, const pigeon_principal* principal,
                               const pigeon_attribute* requests, std::size_t request_count,
                               const pigeon_attribute_sink* sink, pigeon_error* error) noexcept {
    return guard(error, [&]() -> pigeon_status {
      const Principal whom = {copy(principal->domain), copy(principal->user)};
      const auto proposed = of(instance).propose(whom, copy(requests, request_count));
      if (!proposed) return report(proposed.failure(), error);
      for (const auto& [name, values] : *proposed) {
        for (const auto& value : values) sink->attribute(sink->context, borrow(name), borrow(value));
      }
      return PIGEON_OK;
    });
  }

  static pigeon_status ensure(void* instance, const pigeon_allocation* allocation, std::uint64_t deadline,
                              pigeon_error* error) noexcept {
    return guard(error,
                 [&] { return answer(of(instance).ensure(copy(*allocation), Deadline(deadline)), error); });
  }

  static void deliver(void* instance, const pigeon_delivery* const* deliveries, std::size_t count) noexcept {
    const std::span asked(deliveries, count);
    auto error = blank_error();
    const auto status = guard(&error, [&] {
      std::vector<Delivery> batch;
      batch.reserve(count);
      for (const auto* delivery : asked) batch.emplace_back(*delivery);
      if constexpr (requires(T t) { t.deliver(std::span<Delivery>()); }) {
        of(instance).deliver(std::span(batch));
      } else {
        for (const auto& delivery : batch) delivery.answer(of(instance).deliver(delivery));
      }
      return PIGEON_OK;
    });
    if (status == PIGEON_OK) return;
    // Whatever was answered before the exception stands; the rest did not happen, as far as anybody knows.
    error.flags |= PIGEON_ERROR_MAY_HAVE_HAPPENED;
    for (const auto* delivery : asked) {
      if (delivery->receipt->status != PIGEON_BUG) continue;
      delivery->receipt->status = status;
      *delivery->receipt->error = error;
    }
  }

  static pigeon_status list(void* instance, const pigeon_allocation* allocation, std::uint64_t deadline,
                            const pigeon_entry_sink* sink, pigeon_error* error) noexcept {
    return guard(error, [&] {
      const auto give = [&](const Entry& entry) {
        const pigeon_entry lent = {sizeof lent, entry.marks,    borrow(entry.folder), borrow(entry.name),
                                   entry.bytes, entry.received, borrow(entry.id)};
        return sink->entry(sink->context, &lent) == 0;
      };
      return answer(of(instance).list(copy(*allocation), Deadline(deadline), give), error);
    });
  }

  static pigeon_status adopt(void* instance, const pigeon_allocation* allocation, std::uint64_t deadline,
                             pigeon_error* error) noexcept {
    return guard(error,
                 [&] { return answer(of(instance).adopt(copy(*allocation), Deadline(deadline)), error); });
  }

  static pigeon_status purge(void* instance, const pigeon_allocation* allocation, std::uint64_t deadline,
                             pigeon_error* error) noexcept {
    return guard(error,
                 [&] { return answer(of(instance).purge(copy(*allocation), Deadline(deadline)), error); });
  }

  static pigeon_status read(void* instance, const pigeon_allocation* allocation, pigeon_string folder,
                            pigeon_string name, std::uint64_t deadline, const pigeon_byte_sink* sink,
                            pigeon_error* error) noexcept {
    return guard(error, [&] {
      const auto give = [&](std::string_view bytes) {
        return sink->bytes(sink->context, borrow(bytes)) == 0;
      };
      return answer(of(instance).read(copy(*allocation), copy(folder), copy(name), Deadline(deadline), give),
                    error);
    });
  }

  static pigeon_status retire(void* instance, const pigeon_allocation* allocation, std::uint64_t deadline,
                              pigeon_error* error) noexcept {
    return guard(error,
                 [&] { return answer(of(instance).retire(copy(*allocation), Deadline(deadline)), error); });
  }

  static pigeon_status usage(void* instance, const pigeon_allocation* allocation,
                             const pigeon_attribute* preferences, std::size_t preference_count,
                             std::uint32_t recount, std::uint64_t deadline, pigeon_usage* usage,
                             pigeon_error* error) noexcept {
    return guard(error, [&]() -> pigeon_status {
      const Settings preferred(copy(preferences, preference_count));
      const auto found = of(instance).usage(copy(*allocation), preferred, recount != 0, Deadline(deadline));
      if (!found) return report(found.failure(), error);
      usage->bytes = found->bytes;
      usage->messages = found->messages;
      usage->bytes_limit = found->bytes_limit;
      usage->messages_limit = found->messages_limit;
      return PIGEON_OK;
    });
  }

  static constexpr pigeon_mda table() {
    pigeon_mda operations = {};
    operations.size = sizeof operations;
    operations.propose = propose;
    operations.ensure = ensure;
    operations.deliver = deliver;
    using Visit = std::function<bool(const Entry&)>;
    if constexpr (requires(T t, const Allocation& a, Deadline d, Visit visit) { t.list(a, d, visit); }) {
      operations.capabilities |= PIGEON_MDA_LIST;
      operations.list = list;
    }
    if constexpr (requires(T t, const Allocation& a, Deadline d) { t.adopt(a, d); }) {
      operations.capabilities |= PIGEON_MDA_ADOPT;
      operations.adopt = adopt;
    }
    if constexpr (requires(T t, const Allocation& a, Deadline d) { t.purge(a, d); }) {
      operations.capabilities |= PIGEON_MDA_PURGE;
      operations.purge = purge;
    }
    using Give = std::function<bool(std::string_view)>;
    if constexpr (requires(T t, const Allocation& a, const std::string& s, Deadline d, Give give) {
                    t.read(a, s, s, d, give);
                  }) {
      operations.capabilities |= PIGEON_MDA_READ;
      operations.read = read;
    }
    if constexpr (requires(T t, const Allocation& a, Deadline d) { t.retire(a, d); }) {
      operations.capabilities |= PIGEON_MDA_RETIRE;
      operations.retire = retire;
    }
    if constexpr (requires(T t, const Allocation& a, const Settings& s, Deadline d) {
                    t.usage(a, s, true, d);
                  }) {
      operations.capabilities |= PIGEON_MDA_USAGE;
      operations.usage = usage;
    }
    if constexpr (requires { requires T::kHandsOver; }) operations.capabilities |= PIGEON_MDA_HANDS_OVER;
    return operations;
  }
};

}  // namespace pigeon::inline v0

#define PIGEON_MDA(type_, about_)                                                                 \
  static constexpr pigeon_mda pigeon_plugin_operations = ::pigeon::MdaOperations<type_>::table(); \
  PIGEON_PLUGIN(PIGEON_KIND_MDA, type_, pigeon_plugin_operations, about_)
