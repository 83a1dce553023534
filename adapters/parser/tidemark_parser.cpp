// PostgreSQL's parser in a process of its own, for tidemarkd: what it reads may be hostile, and may
// end it. Speaks the protocol of answer.h on its standard input and output.

#include <pthread.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <optional>
#include <string>
#include <string_view>

#include "adapters/parser/analysis.h"
#include "adapters/parser/answer.h"
#include "adapters/parser/limits.h"

namespace tidemark {

namespace {

// Lowers a soft limit, and what may never be raised again with it.
void limit(decltype(RLIMIT_CPU) what, rlim_t most, bool for_ever) {
  rlimit now{};
  ::getrlimit(what, &now);
  now.rlim_cur = std::min(most, now.rlim_max);
  now.rlim_max = for_ever ? now.rlim_cur : now.rlim_max;
  ::setrlimit(what, &now);
}

// Each file has its own seconds, beside what those before it took.
void limit_cpu() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto seconds = used.ru_utime.tv_sec + used.ru_stime.tv_sec + 1;
  limit(RLIMIT_CPU, static_cast<rlim_t>(seconds + parser_cpu_seconds), false);
}

void confine() {
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  limit(RLIMIT_CORE, 0, true);
  limit(RLIMIT_FSIZE, 0, true);
  if (parser_limits_memory) {
    limit(RLIMIT_AS, parser_memory_max, true);
  }
}

bool read_exactly(std::string& bytes) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const auto got = ::read(STDIN_FILENO, bytes.data() + done, bytes.size() - done);
    if (got > 0) {
      done += static_cast<std::size_t>(got);
    } else if (got == 0 || errno != EINTR) {
      return false;
    }
  }
  return true;
}

bool write_all(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto put = ::write(STDOUT_FILENO, bytes.data(), bytes.size());
    if (put >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(put));
    } else if (errno != EINTR) {
      return false;
    }
  }
  return true;
}

ParsedSql too_much(std::string what) {
  ParsedSql parsed;
  parsed.too_deep = std::move(what);
  return parsed;
}

std::string with_its_size(std::string answer) {
  answer.insert(0, count_bytes(answer.size()));
  return answer;
}

std::string answer_to(const std::string& text) {
  try {
    auto answer = answer_text(analyse(text));
    if (answer.size() <= answer_bytes_max) {
      return with_its_size(std::move(answer));
    }
    return with_its_size(answer_text(too_much("too long for the parser")));
  } catch (const std::bad_alloc&) {
    return with_its_size(answer_text(too_much("too much for the parser's memory")));
  }
}

int serve() {
  std::string count(count_size, '\0');
  while (read_exactly(count)) {
    const auto size = count_of(count);
    if (size > sql_bytes_max) {
      return EXIT_FAILURE;
    }
    limit_cpu();
    std::string text(size, '\0');
    if (!read_exactly(text)) {
      return EXIT_FAILURE;
    }
    if (!write_all(answer_to(text))) {
      return EXIT_FAILURE;
    }
  }
  return EXIT_SUCCESS;
}

// Chains of operators are printed by recursion: on a stack that a file of some size fits on.
int serve_on_deep_stack() {
  pthread_attr_t attributes;
  ::pthread_attr_init(&attributes);
  ::pthread_attr_setstacksize(&attributes, parser_stack_size);
  pthread_t thread{};
  int result = parser_cannot_begin;
  const auto run = [](void* into) -> void* {
    *static_cast<int*>(into) = serve();
    return nullptr;
  };
  if (::pthread_create(&thread, &attributes, run, &result) == 0) {
    ::pthread_join(thread, nullptr);
  }
  return result;
}

}  // namespace

}  // namespace tidemark

#ifdef TIDEMARK_PARSER_SANITIZED
// A crash is told to the daemon by its signal, as without a sanitizer.
extern "C" const char* __asan_default_options();
extern "C" const char* __asan_default_options() {
  return "handle_segv=0:handle_abort=0:detect_leaks=0";
}
#endif

int main(int count, char** arguments) {
  const std::string_view said = count > 1 ? arguments[1] : "";
  if (said == "--version") {
    std::puts("tidemark-parser " TIDEMARK_VERSION);
    return EXIT_SUCCESS;
  }
  if (said != TIDEMARK_VERSION) {
    // A daemon that was upgraded and runs on: it is told, and has to be restarted.
    std::fputs("tidemark-parser is started by tidemarkd of its own version\n", stderr);
    return tidemark::parser_is_another_version;
  }
  tidemark::confine();
  const int result = tidemark::serve_on_deep_stack();
  // The kernel frees what is left faster than we do.
  std::_Exit(result);
}
