#include "tests/adapters/postgres/fake_tls.h"

#include <array>

#include <signal.h>

#include "tests/adapters/postgres/fake_server.h"
#include "tests/adapters/postgres/messages.h"

namespace tidemark::test {
namespace {

long note_raw(
    BIO*, int what, const char* bytes, std::size_t, int, long, int ok, std::size_t* size) {
  if (what == (BIO_CB_READ | BIO_CB_RETURN) && ok > 0) {
    note_heard({bytes, *size});
  }
  return ok;
}

// OpenSSL writes also to who has gone. In this thread only.
void no_signals_from_writing() {
  sigset_t broken_pipe;
  ::sigemptyset(&broken_pipe);
  ::sigaddset(&broken_pipe, SIGPIPE);
  ::pthread_sigmask(SIG_BLOCK, &broken_pipe, nullptr);
}

}  // namespace

FakeTls::FakeTls(const Certificate& shown, int socket)
    : context_(SSL_CTX_new(TLS_server_method()), SSL_CTX_free), tls_(nullptr, SSL_free) {
  no_signals_from_writing();
  shown.use_in(*context_);
  tls_.reset(SSL_new(context_.get()));
  SSL_set_fd(tls_.get(), socket);
  BIO_set_callback_ex(SSL_get_rbio(tls_.get()), note_raw);
  SSL_accept(tls_.get());  // where it is refused, nothing is heard
}

std::string FakeTls::receive() {
  std::array<char, 65536> bytes;
  const int count = SSL_read(tls_.get(), bytes.data(), bytes.size());
  if (count <= 0) {
    return {};
  }
  note_heard({bytes.data(), static_cast<std::size_t>(count)});
  return {bytes.data(), static_cast<std::size_t>(count)};
}

void FakeTls::send(const std::string& bytes) {
  SSL_write(tls_.get(), bytes.data(), static_cast<int>(bytes.size()));
}

void ask_in_clear_within_tls(const Certificate& certificate, int socket) {
  receive(socket);
  send(socket, "S");
  FakeTls tls(certificate, socket);
  tls.receive();
  tls.send(asks_in_clear());
  tls.receive();
}

}  // namespace tidemark::test
