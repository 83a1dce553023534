#include "adapters/postgres/resolver.h"

#include <algorithm>
#include <array>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include <netdb.h>
#include <sys/socket.h>
#include <boost/asio/post.hpp>

#include "core/text/printable.h"

namespace tidemark {
namespace {

using Clock = std::chrono::steady_clock;

std::string quoted_name(const std::string& name) {
  return "'" + printable(name) + "'";
}

}  // namespace

Result<std::vector<std::string>> look_up_name(const std::string& name) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int error = ::getaddrinfo(name.c_str(), nullptr, &hints, &found); error != 0) {
    const bool unknown = error == EAI_NONAME;
    return fail(Errc::retry,
                "the name " + quoted_name(name) +
                    (unknown ? " is unknown (" : " could not be looked up (") +
                    ::gai_strerror(error) + ")" + (unknown ? ": check host in database:" : ""));
  }
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> keeper(found, ::freeaddrinfo);
  std::vector<std::string> addresses;
  for (const auto* one = found; one != nullptr; one = one->ai_next) {
    std::array<char, NI_MAXHOST> text{};
    if (::getnameinfo(
            one->ai_addr, one->ai_addrlen, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST) ==
            0 &&
        std::ranges::find(addresses, text.data()) == addresses.end()) {
      addresses.emplace_back(text.data());
    }
  }
  if (addresses.empty()) {
    return fail(Errc::retry, "the name " + quoted_name(name) + " has no address");
  }
  return addresses;
}

// How a lookup's thread reaches the resolver, as long as there is one. The only lock beside the
// loop: the thread may end while the resolver does.
struct Resolver::Mailbox {
  std::mutex mutex;
  Resolver* resolver;  // changed by the loop's thread only

  static void deliver(const std::shared_ptr<Mailbox>& box, std::string name, Found found) {
    const std::lock_guard lock(box->mutex);
    if (box->resolver == nullptr) {
      return;
    }
    asio::post(box->resolver->loop_,
               [box, name = std::move(name), found = std::move(found)]() mutable {
                 if (box->resolver != nullptr) {
                   box->resolver->finish(name, std::move(found));
                 }
               });
  }
};

Resolver::Resolver(asio::io_context& loop, Lookup lookup, ResolverLimits limits)
    : loop_(loop),
      lookup_(std::move(lookup)),
      limits_(limits),
      mailbox_(std::make_shared<Mailbox>()) {
  mailbox_->resolver = this;
}

Resolver::~Resolver() {
  const std::lock_guard lock(mailbox_->mutex);
  mailbox_->resolver = nullptr;
}

Awaitable<std::vector<Result<Addresses>>> Resolver::resolve(std::vector<std::string> names,
                                                            Deadline deadline) {
  std::vector<std::shared_ptr<PoolStep>> steps;
  for (const auto& name : names) {
    steps.push_back(want(name, deadline));
  }
  std::vector<Result<Addresses>> outcomes;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto woke = co_await steps[i]->wait();
    if (woke == Woke::cancelled) {
      outcomes.assign(names.size(), std::unexpected(not_in_time(woke, deadline).error));
      break;
    }
    outcomes.push_back(outcome(names[i], woke, deadline));
  }
  co_return outcomes;
}

std::shared_ptr<PoolStep> Resolver::want(const std::string& name, Deadline deadline) {
  auto& known = names_[name];
  if (!known.good.empty()) {
    deadline.at = std::min(deadline.at, Clock::now() + limits_.patience);
  }
  auto step = std::make_shared<PoolStep>(loop_.get_executor(), deadline);
  std::erase_if(known.waiting, [](const auto& waiter) { return waiter.expired(); });
  known.waiting.push_back(step);
  if (!known.wanted) {
    known.wanted = true;
    queue_.push_back(name);
    start_next();
  }
  return step;
}

void Resolver::start_next() {
  for (auto next = queue_.begin(); next != queue_.end();) {
    if (running_.size() >= limits_.threads_max) {
      return;
    }
    if (may_start(names_[*next])) {
      start(*next);
      next = queue_.erase(next);
    } else {
      ++next;
    }
  }
}

bool Resolver::may_start(const Name& name) const {
  const auto slow = [this](const auto& one) {
    return names_.at(one.first).slow || is_late(one.second);
  };
  return !name.slow ||
         static_cast<std::size_t>(std::ranges::count_if(running_, slow)) < limits_.threads_max / 2;
}

bool Resolver::is_late(Clock::time_point since) const {
  return Clock::now() - since >= limits_.patience;
}

void Resolver::start(const std::string& name) {
  running_.emplace(name, Clock::now());
  auto work = [box = mailbox_, lookup = lookup_, name] {
    Mailbox::deliver(box, name, lookup(name));
  };
  try {
    // Detached: a lookup that hangs would keep whoever joins it, and with it the end of the
    // process. It owns all that it touches.
    std::thread(std::move(work)).detach();
  } catch (const std::system_error& error) {
    Mailbox::deliver(
        mailbox_,
        name,
        fail(Errc::retry, std::string("no thread to look up a name: ") + error.what()));
  }
}

void Resolver::finish(const std::string& name, Found found) {
  auto& known = names_[name];
  const auto since = running_.extract(name);
  known.slow = !since.empty() && is_late(since.mapped());
  known.wanted = false;
  if (found) {
    known.good = *found;
  }
  known.last = std::move(found);
  for (const auto& waiter : std::exchange(known.waiting, {})) {
    if (const auto step = waiter.lock()) {
      step->finish();
    }
  }
  start_next();
}

Result<Addresses> Resolver::outcome(const std::string& name, Woke woke, Deadline deadline) const {
  const auto& known = names_.at(name);
  if (woke == Woke::ready && known.last) {
    return Addresses{*known.last, ""};
  }
  if (known.good.empty()) {
    if (woke == Woke::ready) {
      return std::unexpected(known.last.error());
    }
    return fail(Errc::retry,
                "the name " + quoted_name(name) + " was not looked up within " +
                    std::to_string(deadline.within.count()) +
                    " ms: check this host's name servers, and host in database:");
  }
  return Addresses{known.good,
                   woke == Woke::ready ? known.last.error().detail
                                       : "looking up " + quoted_name(name) + " takes long"};
}

}  // namespace tidemark
