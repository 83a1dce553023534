#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include <boost/asio/steady_timer.hpp>

#include "adapters/loop/asio.h"
#include "core/watch/connection_budget.h"

namespace tidemark {

// How many connections there are to each server, and who may open the next: carries out what a
// ConnectionBudget for each server decides. Outlives all places.
class Connections {
  struct Server;
  using Named = std::pair<const std::string, Server>;

 public:
  // The right to one connection, or the wait for it, for as long as it exists.
  class Place {
   public:
    Place() = default;
    Place(Place&& other) noexcept
        : all_(std::exchange(other.all_, nullptr)), server_(other.server_), id_(other.id_) {}
    Place& operator=(Place&& other) noexcept;
    ~Place() { give_back(); }

    bool is_granted() const;
    // When it is not: resumes when it is. Throws operation_aborted when cancelled before.
    Awaitable<void> granted();
    // A person waits now for what a schedule asked for.
    void hurry();
    // Between two looks: may be called back.
    void rest();
    void work();
    void give_back();

   private:
    friend class Connections;
    Place(Connections& all, Named& server, ConnectionBudget::Id id)
        : all_(&all), server_(&server), id_(id) {}

    Connections* all_ = nullptr;
    Named* server_ = nullptr;  // is there while anybody is in
    ConnectionBudget::Id id_ = 0;
  };

  Connections(asio::io_context& loop, ConnectionLimits limits) : loop_(loop), limits_(limits) {}
  Connections(const Connections&) = delete;
  Connections& operator=(const Connections&) = delete;

  void limit(ConnectionLimits limits);

  // Stands in line for a place. `call_back` is called when it rests and somebody else waits: it
  // must give it back at once.
  Place ask(std::string server, bool for_a_person, std::function<void()> call_back);
  // For two connections, of which one is of no use without the other. Neither can be called back.
  std::pair<Place, Place> ask_for_two(std::string server, bool for_a_person);
  // Whether there can be so many to one server at all.
  bool has_room_for(std::size_t count) const { return count <= limits_.per_server; }

 private:
  struct Client {
    std::function<void()> call_back;
    bool let_in = false;
    std::optional<asio::steady_timer> wait{};  // cancelled when let in
  };
  struct Server {
    Server(asio::io_context& loop, ConnectionLimits limits) : budget(limits), later(loop) {}
    ConnectionBudget budget;
    std::map<ConnectionBudget::Id, Client> clients;
    asio::steady_timer later;  // until the rate allows another one
  };

  void advance(const std::string& server);

  asio::io_context& loop_;
  ConnectionLimits limits_;
  ConnectionBudget::Id last_id_ = 0;
  std::map<std::string, Server> servers_;  // those with anybody in
};

}  // namespace tidemark
