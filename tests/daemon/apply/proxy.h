#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <thread>

namespace tidemark::test {

// Between a client and a PostgreSQL server, over TCP without TLS. Follows the protocol as far as is
// needed to find a COMMIT, or another message, and cuts the connection at a byte of that exchange.
class Proxy {
 public:
  explicit Proxy(int server_port);
  ~Proxy();
  Proxy(const Proxy&) = delete;
  Proxy& operator=(const Proxy&) = delete;

  int port() const { return port_; }

  enum class Way { to_server, to_client };
  enum class How {
    fin,         // both ends are closed
    rst,         // both are reset
    client_only  // the client is reset, while the server goes on believing in it
  };
  // Where the next COMMIT is cut: when so many bytes of it, or of its answer, were passed on.
  struct Cut {
    Way way = Way::to_server;
    std::size_t after = 0;
    How how = How::fin;
    std::function<void()> first{};  // done before that
    std::string instead{};          // what the message has in it that is not a COMMIT
  };
  void cut_next(Cut cut);
  // Whether it was, and when.
  bool was_cut() const { return cut_done_; }
  std::chrono::steady_clock::time_point cut_at() const { return cut_at_; }
  // How many bytes were passed on of the longest COMMIT, and of the longest answer to one.
  std::size_t longest_commit() const { return longest_commit_; }
  std::size_t longest_answer() const { return longest_answer_; }

 private:
  struct Pair {
    int client = -1;
    int server = -1;
    std::string heard;   // of the client: less than a message
    bool began = false;  // its first message has no type
    bool in_commit = false;
  };
  void carry();
  void accept_one();
  void from_client(Pair& pair);
  void from_server(Pair& pair);
  // False: it was cut there.
  bool pass(Pair& pair, Way way, const std::string& bytes);
  void cut(Pair& pair);

  int server_port_;
  int port_ = 0;
  int listening_ = -1;
  std::list<Pair> pairs_;
  std::mutex mutex_;  // of what is asked for
  bool asked_ = false;
  Cut cut_;
  std::atomic<bool> cut_done_ = false;
  std::atomic<std::chrono::steady_clock::time_point> cut_at_{};
  std::size_t commit_bytes_ = 0;  // passed on of the last one
  std::size_t answer_bytes_ = 0;
  std::atomic<std::size_t> longest_commit_ = 0;
  std::atomic<std::size_t> longest_answer_ = 0;
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

}  // namespace tidemark::test
