#include "adapters/config/authorities.h"

#include <memory>

#include <openssl/err.h>
#include <openssl/pem.h>

#include "adapters/config/small_file.h"

namespace tidemark {

namespace {

constexpr std::size_t file_bytes_max = 16U << 20U;

}  // namespace

void read_authorities(Section& section, EnvironmentSettings& settings, Problems& problems) {
  AuthoritiesFile file;
  if (section.read("tls_ca", file.path, parse_path)) {
    file.where = problems.position(*section.find("tls_ca"));
    settings.tls_ca = std::move(file);
  }
}

void use_authorities(Section& environment, EnvironmentSettings& settings, Problems& problems) {
  const auto* own = environment.find("tls_ca");
  if (!settings.database) {
    if (own != nullptr && !environment.has("database")) {
      problems.add(*own, "tls_ca: there is no database that it could be for");
    }
    return;
  }
  auto& parameters = settings.database->parameters;
  const auto mode = parameters.find("sslmode");
  const bool verifies = mode != parameters.end() && mode->second.starts_with("verify");
  const bool named = parameters.contains("sslrootcert");
  if (own != nullptr && named) {
    problems.add(*own, "tls_ca: database: has an sslrootcert already; leave one of them out");
  } else if (own != nullptr && !verifies) {
    problems.add(*own,
                 "tls_ca: certificates are verified only over TCP with sslmode=verify-full or "
                 "verify-ca in database:");
  } else if (settings.tls_ca && verifies && !named) {
    parameters["sslrootcert"] = settings.tls_ca->path;
    return;
  }
  settings.tls_ca.reset();  // not used
}

std::string problem_of_authorities(const std::string& path) {
  const auto file = read_small_file(path, file_bytes_max);
  if (!file) {
    return "tls_ca: " + path + ": " + file.error().detail;
  }
  const std::unique_ptr<BIO, int (*)(BIO*)> text(
      BIO_new_mem_buf(file->bytes.data(), static_cast<int>(file->bytes.size())), BIO_free);
  int certificates = 0;
  while (X509* certificate = PEM_read_bio_X509_AUX(text.get(), nullptr, nullptr, nullptr)) {
    X509_free(certificate);
    ++certificates;
  }
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  if (certificates > 0 && at_end) {
    return {};
  }
  return "tls_ca: " + path + ": " +
         (certificates == 0 && at_end
              ? "there is no certificate in it (expected -----BEGIN CERTIFICATE-----)"
              : "its certificate number " + std::to_string(certificates + 1) + " cannot be read");
}

}  // namespace tidemark
