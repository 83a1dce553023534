#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace tidemark::test {

// Listens on 127.0.0.1, or on a Unix socket in a folder, and does with each connection what a
// script says, one after the other. Keeps what it is sent, whatever the script does with it.
class FakeServer {
 public:
  explicit FakeServer(std::function<void(int socket)> script, const std::string& folder = "");
  ~FakeServer();
  FakeServer(const FakeServer&) = delete;
  FakeServer& operator=(const FakeServer&) = delete;

  int port() const { return port_; }
  std::string address() const;

  // These end it, so that nothing is on its way any more. All that it was sent in its life:
  const std::string& heard();
  // Whether no four bytes of the secret in a row were among that.
  bool heard_nothing_of(std::string_view secret);

 private:
  void serve();
  void end();

  std::function<void(int)> script_;
  int listener_;
  int port_;
  std::atomic<bool> stopping_ = false;
  std::atomic<int> socket_ = -1;
  std::string heard_;  // the thread's, until it has ended
  std::thread thread_;
};

// A port whose queue of connections is full: who connects waits for ever.
class BlackHole {
 public:
  BlackHole();
  ~BlackHole();
  BlackHole(const BlackHole&) = delete;
  BlackHole& operator=(const BlackHole&) = delete;

  int port() const { return port_; }

 private:
  int listener_;
  int port_;
  std::vector<int> fillers_;
};

// For scripts. A port where nobody listens:
int closed_port();
// What comes next, at least one byte; "" at the end.
std::string receive(int socket);
// For what comes another way: the server whose script this is called by has heard it.
void note_heard(std::string_view bytes);
void receive_all(int socket);
// False when the other side is gone.
bool send(int socket, std::string_view bytes);
// "type, length, payload" as the protocol frames it.
std::string message(char type, std::string_view payload);
// Takes the startup packet and says that all is well.
void welcome(int socket, std::string_view version = "15.0");
// The payload of an ErrorResponse.
std::string error_fields(std::string_view sqlstate, std::string_view text);

}  // namespace tidemark::test
