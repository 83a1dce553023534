#include "daemon/control/page.h"

namespace tidemark {

std::string landing_page() {
  return "<!doctype html>\n<html lang=\"en\"><head><meta "
         "charset=\"utf-8\"><title>tidemark</title></head>\n"
         "<body><h1>tidemark " TIDEMARK_VERSION
         "</h1>\n<ul>\n"
         "<li><a href=\"/v1/status\">status</a> of every environment (JSON)</li>\n"
         "<li><a href=\"/v1/findings\">findings</a> that are open (JSON)</li>\n"
         "<li><a href=\"/metrics\">metrics</a> for Prometheus</li>\n"
         "<li><a href=\"/-/ready\">ready</a> and <a href=\"/-/healthy\">healthy</a></li>\n"
         "<li><a href=\"/v1/openapi.json\">the API</a> (OpenAPI)</li>\n"
         "</ul>\n</body></html>\n";
}

}  // namespace tidemark
