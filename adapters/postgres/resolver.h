#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "adapters/loop/asio.h"
#include "adapters/postgres/wait.h"
#include "core/result.h"

namespace tidemark {

// What a name stands for.
struct Addresses {
  std::vector<std::string> all;  // "10.0.0.1", "2001:db8::1", in the order to try them
  std::string kept_because;      // not empty: the last ones known, and why there are none newer
  friend bool operator==(const Addresses&, const Addresses&) = default;
};

// Asks the system, as getaddrinfo does: may take half a minute.
Result<std::vector<std::string>> look_up_name(const std::string& name);

struct ResolverLimits {
  std::size_t threads_max = 16;
  // From then on a lookup is slow, and the last good addresses are used if there are any.
  std::chrono::milliseconds patience{2000};
};

// Looks names up on threads of its own, because nothing can stop a lookup that hangs: who waits
// leaves at his deadline, the thread is left behind and counts until it ends. A name is looked up
// by one thread at a time, and names whose lookups are slow never hold more than half of the
// threads once that is known, so that the others find one. All state is on the loop.
class Resolver {
 public:
  using Lookup = std::function<Result<std::vector<std::string>>(const std::string& name)>;

  explicit Resolver(asio::io_context& loop,
                    Lookup lookup = look_up_name,
                    ResolverLimits limits = {});
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  // All at once, in their order. After a cancellation all are Errc::cancelled.
  Awaitable<std::vector<Result<Addresses>>> resolve(std::vector<std::string> names,
                                                    Deadline deadline);

 private:
  using Found = Result<std::vector<std::string>>;
  struct Mailbox;
  struct Name {
    Found last = fail(Errc::retry, "never looked up");
    std::vector<std::string> good;
    bool wanted = false;  // queues, or a thread is at it
    bool slow = false;    // was, the last time
    std::vector<std::weak_ptr<PoolStep>> waiting;
  };

  std::shared_ptr<PoolStep> want(const std::string& name, Deadline deadline);
  void start_next();
  bool may_start(const Name& name) const;
  bool is_late(std::chrono::steady_clock::time_point since) const;
  void start(const std::string& name);
  void finish(const std::string& name, Found found);
  Result<Addresses> outcome(const std::string& name, Woke woke, Deadline deadline) const;

  asio::io_context& loop_;
  Lookup lookup_;
  ResolverLimits limits_;
  std::map<std::string, Name> names_;  // as many as configs have named
  std::deque<std::string> queue_;
  std::map<std::string, std::chrono::steady_clock::time_point> running_;  // since when
  std::shared_ptr<Mailbox> mailbox_;
};

}  // namespace tidemark
