#include "daemon/watch/connections.h"

#include <chrono>
#include <vector>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

namespace tidemark {

namespace {

ConnectionBudget::Time now() {
  return std::chrono::steady_clock::now();
}

}  // namespace

Connections::Place& Connections::Place::operator=(Place&& other) noexcept {
  if (this != &other) {
    give_back();
    all_ = std::exchange(other.all_, nullptr);
    server_ = other.server_;
    id_ = other.id_;
  }
  return *this;
}

bool Connections::Place::is_granted() const {
  return all_ != nullptr && server_->second.clients.at(id_).let_in;
}

Awaitable<void> Connections::Place::granted() {
  Client& client = server_->second.clients.at(id_);
  client.wait.emplace(all_->loop_, asio::steady_timer::time_point::max());
  [[maybe_unused]] const auto [error] =
      co_await client.wait->async_wait(asio::as_tuple(asio::use_awaitable));
  if (!client.let_in) {
    throw boost::system::system_error(asio::error::operation_aborted);
  }
}

void Connections::Place::hurry() {
  if (all_ != nullptr) {
    server_->second.budget.hurry(id_);
  }
}

void Connections::Place::rest() {
  if (all_ != nullptr) {
    server_->second.budget.rest(id_, now());
    if (server_->second.budget.crowded()) {
      // Copied: the place may be called back, and be gone, in there.
      const std::string server = server_->first;
      all_->advance(server);
    }
  }
}

void Connections::Place::work() {
  if (all_ != nullptr) {
    server_->second.budget.work(id_);
  }
}

void Connections::Place::give_back() {
  if (auto* all = std::exchange(all_, nullptr); all != nullptr) {
    server_->second.budget.leave(id_);
    server_->second.clients.erase(id_);
    const std::string name = server_->first;
    all->advance(name);
  }
}

void Connections::limit(ConnectionLimits limits) {
  limits_ = limits;
  std::vector<std::string> names;
  for (auto& [name, server] : servers_) {
    server.budget.limit(limits);
    names.push_back(name);
  }
  for (const auto& name : names) {
    advance(name);
  }
}

Connections::Place Connections::ask(std::string server,
                                    bool for_a_person,
                                    std::function<void()> call_back) {
  const auto id = ++last_id_;
  Named& named = *servers_.try_emplace(server, loop_, limits_).first;
  Server& at = named.second;
  at.clients.try_emplace(id, Client{std::move(call_back)});
  at.budget.ask(id, for_a_person);
  advance(server);
  return {*this, named, id};
}

std::pair<Connections::Place, Connections::Place> Connections::ask_for_two(std::string server,
                                                                           bool for_a_person) {
  const auto first = ++last_id_;
  const auto second = ++last_id_;
  Named& named = *servers_.try_emplace(server, loop_, limits_).first;
  Server& at = named.second;
  at.clients.try_emplace(first, Client{[] {}});
  at.clients.try_emplace(second, Client{[] {}});
  at.budget.ask({first, second}, for_a_person);
  advance(server);
  return {Place(*this, named, first), Place(*this, named, second)};
}

void Connections::advance(const std::string& server) {
  for (;;) {
    // Found again in each turn: who is called back may be the last one there.
    const auto found = servers_.find(server);
    if (found == servers_.end()) {
      return;
    }
    Server& at = found->second;
    if (at.budget.unused()) {
      servers_.erase(found);
      return;
    }
    const auto step = at.budget.next(now());
    if (!step.let_in.empty()) {
      for (const auto id : step.let_in) {
        Client& client = at.clients.at(id);
        client.let_in = true;
        if (client.wait) {
          client.wait->cancel();
        }
      }
    } else if (step.give_back) {
      const auto call_back = at.clients.at(*step.give_back).call_back;
      call_back();
    } else {
      if (step.not_before) {
        at.later.expires_at(*step.not_before);
        at.later.async_wait([this, server](boost::system::error_code error) {
          if (!error) {
            advance(server);
          }
        });
      }
      return;
    }
  }
}

}  // namespace tidemark
