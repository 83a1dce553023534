#pragma once

#include <string>

#include "daemon/client/transport.h"

namespace tidemark::client {

// The real way to the daemon.
class ControlSocket : public Transport {
 public:
  explicit ControlSocket(std::string path) : path_(std::move(path)) {}

  Result<Reply> request(const Request& request) override;
  Result<Reply> stream(const Request& request,
                       const std::function<bool(std::string_view)>& take) override;

 private:
  std::string path_;
};

}  // namespace tidemark::client
