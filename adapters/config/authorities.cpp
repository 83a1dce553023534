#include "adapters/config/authorities.h"

#include <memory>

#include <openssl/err.h>
#include <openssl/pem.h>

#include "adapters/config/small_file.h"

namespace tidemark {

namespace {

constexpr std::size_t file_bytes_max = 16U << 20U;

enum class Given { taken, has_others, verifies_nothing };

Given give(const AuthoritiesFile& file, Parameters& parameters) {
  if (parameters.contains("sslrootcert")) {
    return Given::has_others;
  }
  const auto mode = parameters.find("sslmode");
  if (mode == parameters.end() || !mode->second.starts_with("verify")) {
    return Given::verifies_nothing;
  }
  parameters["sslrootcert"] = file.path;
  return Given::taken;
}

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
  if (!settings.tls_ca) {
    return;
  }
  bool taken = false;
  bool told = false;
  const auto offer = [&](std::string_view key, std::optional<Target>& target) {
    if (!target) {
      return;
    }
    const auto given = give(*settings.tls_ca, target->parameters);
    taken = taken || given == Given::taken;
    if (own != nullptr && given == Given::has_others) {
      problems.add(
          *own,
          "tls_ca: " + std::string(key) + ": has an sslrootcert already; leave one of them out");
      told = true;
    }
  };
  offer("database", settings.database);
  offer("direct", settings.direct);
  const bool all_known = settings.direct || !environment.has("direct");
  if (own != nullptr && !taken && !told && all_known) {
    problems.add(*own,
                 "tls_ca: certificates are verified only over TCP with sslmode=verify-full or "
                 "verify-ca in database:" +
                     std::string(settings.direct ? " or direct:" : ""));
  }
  if (!taken) {
    settings.tls_ca.reset();
  }
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
