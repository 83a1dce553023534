#include "core/environment/promotion.h"

#include <doctest/doctest.h>

using namespace tidemark;

namespace {

using Indices = std::vector<std::size_t>;

Stage stage(std::string name) {
  return {std::move(name), std::nullopt};
}

Stage stage(std::string name, std::vector<std::string> after) {
  return {std::move(name), std::move(after)};
}

}  // namespace

TEST_CASE("an environment comes after the one before it in the list, the first after none") {
  const std::vector stages{stage("dev"), stage("staging"), stage("prod")};
  CHECK(upstream_of(stages) == std::vector<Indices>{{}, {0}, {1}});
  CHECK(promotion_order(stages) == Indices{0, 1, 2});
}

TEST_CASE("several environments may stand in parallel, and one may come after several") {
  const std::vector stages{stage("staging"),
                           stage("eu", {"staging"}),
                           stage("us", {"staging"}),
                           stage("archive", {"eu", "us"})};
  CHECK(upstream_of(stages) == std::vector<Indices>{{}, {0}, {0}, {1, 2}});
}

TEST_CASE("an empty list of environments before it means that all is due") {
  CHECK(upstream_of({stage("a"), stage("b", {})}) == std::vector<Indices>{{}, {}});
}

TEST_CASE("the order of promotion is that of what comes after what, not that of the list") {
  const std::vector stages{stage("prod", {"staging"}), stage("staging", {"dev"}), stage("dev", {})};
  CHECK(promotion_order(stages) == Indices{2, 1, 0});
}

TEST_CASE("every environment has its place in the order, whatever the config says") {
  const std::vector circle{
      stage("free", {}), stage("a", {"b"}), stage("b", {"a"}), stage("c", {"nobody"})};
  CHECK(promotion_order(circle) == Indices{0, 3, 1, 2});
  CHECK(promotion_order({}).empty());
}
