#include "adapters/http/server.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <list>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include "adapters/http/address.h"
#include "adapters/http/connection.h"
#include "adapters/http/listening_socket.h"
#include "adapters/http/spare_descriptors.h"
#include "adapters/loop/timer.h"
#include "adapters/loop/wakeup.h"

namespace tidemark {
namespace {

constexpr int accepts_in_a_row = 16;  // then the loop's other work has its turn
constexpr auto accept_pause = std::chrono::milliseconds(100);
constexpr std::size_t spare_local = 8;  // four clients, one answer each, whatever else is going on
constexpr std::size_t spare_tcp = 4;

bool is_shortage(int error) {
  return error == EMFILE || error == ENFILE;
}

std::string accept_error(int error) {
  std::string words = std::strerror(error);
  if (error == EMFILE) {
    words += ": the limit of this process is reached (LimitNOFILE= in its unit, ulimit -n)";
  }
  return words;
}

struct Listener {
  Listener(asio::io_context& loop,
           ListeningSocket listening,
           AllowedHosts allowed,
           std::size_t most)
      : socket(std::move(listening)),
        readiness(loop, socket.get()),
        hosts(std::move(allowed)),
        connections_max(most),
        spare(socket.local() ? spare_local : spare_tcp) {}
  ~Listener() { readiness.release(); }  // the socket closes itself

  ListeningSocket socket;
  asio::posix::stream_descriptor readiness;
  AllowedHosts hosts;
  std::size_t connections_max;
  std::size_t connections = 0;
  SpareDescriptors spare;
  bool failing = false;
};

// One coroutine of ours: a connection, or a listener's accepting (which has no connection).
struct Task {
  asio::cancellation_signal cancel;
  std::shared_ptr<Connection>
      connection;  // shared with its coroutine, which may end before we hear of it
  Listener* listener = nullptr;
};

// A client too many hears why, as far as it listens; it costs us one write that cannot block.
void turn_away(int fd) {
  auto refusal = problem(
      503, "too-many-connections", "Too many connections", "Close some, or try again later.");
  const auto answer = response_head(refusal, Framing::length, true, false) + refusal.body;
  [[maybe_unused]] const auto sent =
      ::send(fd, answer.data(), answer.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  ::shutdown(fd, SHUT_WR);
}

// Streams send small pieces at once, and a client whose machine vanished is noticed within two
// minutes.
void set_tcp_options(int fd) {
  const auto set = [fd](int level, int option, int value) {
    ::setsockopt(fd, level, option, &value, sizeof(value));
  };
  set(IPPROTO_TCP, TCP_NODELAY, 1);
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, 60);
  set(IPPROTO_TCP, TCP_KEEPINTVL, 15);
  set(IPPROTO_TCP, TCP_KEEPCNT, 4);
}

}  // namespace

class HttpServer::Serving {
 public:
  Serving(asio::io_context& loop, HttpService service)
      : loop_(loop), service_(std::move(service)), wakeup_(loop) {}

  Result<void> add(ListeningSocket socket, const std::vector<std::string>& names);
  Awaitable<void> run();
  void stop();
  std::size_t connections() const;

 private:
  using Tasks = std::list<Task>;

  Awaitable<void> accept_from(Listener& listener);
  bool accept_some(Listener& listener);
  bool accept_failed(Listener& listener, std::string_view why);
  void take_in(Listener& listener, SocketDescriptor descriptor, bool for_one_answer);
  void start(Awaitable<void> work, std::shared_ptr<Connection> connection, Listener& listener);
  void ended(Tasks::iterator task, std::exception_ptr failure);
  Awaitable<void> join();
  void cancel_where(bool interruptible_only);

  asio::io_context& loop_;
  HttpService service_;
  Wakeup wakeup_;
  std::list<Listener> listeners_;
  Tasks tasks_;
  bool stopping_ = false;
};

Result<void> HttpServer::Serving::add(ListeningSocket socket,
                                      const std::vector<std::string>& names) {
  auto hosts = AllowedHosts::with(names);
  if (!hosts) {
    return std::unexpected(hosts.error());
  }
  const auto most =
      socket.local() ? service_.limits.connections_local : service_.limits.connections_tcp;
  try {
    listeners_.emplace_back(loop_, std::move(socket), std::move(*hosts), most);
  } catch (const boost::system::system_error& error) {
    return fail(Errc::retry, std::string("watch a listening socket: ") + error.what());
  }
  return {};
}

Awaitable<void> HttpServer::Serving::run() {
  for (auto& listener : listeners_) {
    start(accept_from(listener), nullptr, listener);
  }
  try {
    while (!stopping_) {
      co_await wakeup_.sleep(std::chrono::hours(1));
    }
  } catch (const boost::system::system_error&) {
    // cancelled: the same as stop()
  }
  co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
  stop();
  co_await join();
  listeners_.clear();
}

void HttpServer::Serving::stop() {
  stopping_ = true;
  wakeup_.call();
}

// A task's frame uses what is ours until its last step, so all of them are awaited, whatever they
// do meanwhile.
Awaitable<void> HttpServer::Serving::join() {
  cancel_where(true);
  const auto forced_at = std::chrono::steady_clock::now() + service_.limits.grace;
  bool forced = false;
  while (!tasks_.empty()) {
    const auto now = std::chrono::steady_clock::now();
    if (!forced && now >= forced_at) {
      cancel_where(false);
      forced = true;
    }
    const auto longest = forced ? now + std::chrono::hours(1) : forced_at;
    co_await wakeup_.sleep(longest - now);
  }
}

void HttpServer::Serving::cancel_where(bool interruptible_only) {
  for (auto& task : tasks_) {
    if (interruptible_only && task.connection && !task.connection->interruptible()) {
      task.connection->close_soon();
    } else {
      task.cancel.emit(asio::cancellation_type::terminal);
    }
  }
}

std::size_t HttpServer::Serving::connections() const {
  std::size_t count = 0;
  for (const auto& listener : listeners_) {
    count += listener.connections;
  }
  return count;
}

Awaitable<void> HttpServer::Serving::accept_from(Listener& listener) {
  while (true) {
    const auto [error] = co_await listener.readiness.async_wait(
        asio::posix::stream_descriptor::wait_read, asio::as_tuple(asio::use_awaitable));
    if (error == asio::error::operation_aborted) {
      co_return;
    }
    const bool all_well = error ? accept_failed(listener, error.message()) : accept_some(listener);
    if (!all_well) {
      co_await wait_for(
          accept_pause);  // what is waiting to be accepted stays so, and would wake us at once
    }
  }
}

// False when accepting fails in a way that will go on for a while.
bool HttpServer::Serving::accept_some(Listener& listener) {
  try {
    bool short_of_descriptors = false;
    for (int i = 0; i < accepts_in_a_row; ++i) {
      SocketDescriptor accepted(
          ::accept4(listener.socket.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
      if (!accepted && (errno == EAGAIN || errno == EWOULDBLOCK)) {
        return true;
      }
      if (!accepted && (errno == EINTR || errno == ECONNABORTED)) {
        continue;
      }
      if (!accepted) {
        const int error = errno;
        accept_failed(listener, accept_error(error));
        short_of_descriptors = is_shortage(error) && listener.spare.let_go_for_one();
        if (short_of_descriptors) {
          continue;
        }
        return false;
      }
      take_in(listener, std::move(accepted), short_of_descriptors);
      if (short_of_descriptors) {
        return false;  // the others wait: they find the same
      }
      listener.spare.refill();
      listener.failing = false;
    }
    return true;
  } catch (const std::exception& failure) {
    return accept_failed(listener, failure.what());
  }
}

bool HttpServer::Serving::accept_failed(Listener& listener, std::string_view why) {
  if (!listener.failing) {
    listener.failing = true;
    service_.troubles.accept_failed("accept at " + listener.socket.address() + ": " +
                                    std::string(why));
  }
  return false;
}

void HttpServer::Serving::take_in(Listener& listener,
                                  SocketDescriptor descriptor,
                                  bool for_one_answer) {
  if (listener.connections >= listener.connections_max) {
    turn_away(descriptor.get());
    return;
  }
  auto peer = peer_of(descriptor.get());
  if (!peer) {
    return;  // gone already, or one of whom the kernel will not say who it is
  }
  if (!peer->local) {
    set_tcp_options(descriptor.get());
  }
  const int family = local_address(descriptor.get()).storage.ss_family;
  HttpSocket socket(loop_, asio::generic::stream_protocol(family, 0), descriptor.get());
  descriptor.release();
  auto connection =
      std::make_shared<Connection>(std::move(socket), std::move(*peer), service_, listener.hosts);
  if (for_one_answer) {
    connection->answer_once();
  }
  auto work = connection->serve();
  start(std::move(work), std::move(connection), listener);
}

void HttpServer::Serving::start(Awaitable<void> work,
                                std::shared_ptr<Connection> connection,
                                Listener& listener) {
  listener.connections += connection ? 1 : 0;
  const auto task = tasks_.emplace(tasks_.end());
  task->connection = std::move(connection);
  task->listener = &listener;
  auto on_end = [this, task](std::exception_ptr failure) { ended(task, std::move(failure)); };
  asio::co_spawn(
      loop_, std::move(work), asio::bind_cancellation_slot(task->cancel.slot(), std::move(on_end)));
}

void HttpServer::Serving::ended(Tasks::iterator task, std::exception_ptr failure) {
  try {
    if (failure) {
      std::rethrow_exception(failure);
    }
  } catch (const boost::system::system_error& error) {
    if (error.code() != asio::error::operation_aborted) {
      service_.troubles.handler_failed(error.what());
    }
  } catch (const std::exception& error) {
    service_.troubles.handler_failed(error.what());
  }
  // Asio still has the task's cancellation signal in its hands when it calls us.
  asio::post(loop_, [this, task] {
    Listener& listener = *task->listener;
    listener.connections -= task->connection ? 1 : 0;
    tasks_.erase(task);  // and with it its socket
    listener.spare.refill();
    wakeup_.call();
  });
}

HttpServer::HttpServer(asio::io_context& loop,
                       Handler handler,
                       HttpLimits limits,
                       HttpTroubles troubles) {
  if (!troubles.handler_failed) {
    troubles.handler_failed = [](std::string_view) {};
  }
  if (!troubles.accept_failed) {
    troubles.accept_failed = [](std::string_view) {};
  }
  HttpService service{std::move(handler), limits, std::move(troubles)};
  serving_ = std::make_unique<Serving>(loop, std::move(service));
}

HttpServer::~HttpServer() = default;

Result<void> HttpServer::listen_unix(const std::string& path,
                                     mode_t mode,
                                     const std::string& group) {
  auto socket = ListeningSocket::unix_at(path, mode, group);
  if (!socket) {
    return std::unexpected(socket.error());
  }
  return serving_->add(std::move(*socket), {});
}

Result<std::string> HttpServer::listen_tcp(const std::string& address,
                                           const std::vector<std::string>& hosts) {
  auto socket = ListeningSocket::tcp_at(address);
  if (!socket) {
    return std::unexpected(socket.error());
  }
  auto bound = socket->address();
  if (auto added = serving_->add(std::move(*socket), hosts); !added) {
    return std::unexpected(added.error());
  }
  return bound;
}

Result<std::string> HttpServer::adopt_unix(int fd) {
  auto socket = ListeningSocket::adopt_unix(fd);
  if (!socket) {
    return std::unexpected(socket.error());
  }
  auto bound = socket->address();
  if (auto added = serving_->add(std::move(*socket), {}); !added) {
    return std::unexpected(added.error());
  }
  return bound;
}

Result<std::string> HttpServer::adopt_tcp(int fd, const std::vector<std::string>& hosts) {
  auto socket = ListeningSocket::adopt_tcp(fd);
  if (!socket) {
    return std::unexpected(socket.error());
  }
  auto bound = socket->address();
  if (auto added = serving_->add(std::move(*socket), hosts); !added) {
    return std::unexpected(added.error());
  }
  return bound;
}

Awaitable<void> HttpServer::run() {
  return serving_->run();
}
void HttpServer::stop() {
  serving_->stop();
}
std::size_t HttpServer::connections() const {
  return serving_->connections();
}

}  // namespace tidemark
