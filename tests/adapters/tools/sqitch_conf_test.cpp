#include "adapters/tools/sqitch_conf.h"

#include <doctest/doctest.h>

#include <rapidcheck.h>

using namespace tidemark;

namespace {

using Strings = std::vector<std::string>;

// "plan deploy revert" of each place.
Strings places(const std::string& bytes, const std::string& folder = "") {
  Strings all;
  for (const auto& place : parse_sqitch_conf(folder, bytes).places) {
    all.push_back(place.plan + " " + place.deploy + " " + place.revert);
  }
  return all;
}

// Of the one that Sqitch takes when none is named.
std::string deploy(const std::string& bytes) {
  const auto conf = parse_sqitch_conf("", bytes);
  return conf.places.empty() ? "(none)" : conf.places.front().deploy;
}

Strings problems(const std::string& bytes) {
  return parse_sqitch_conf("", bytes).problems;
}

const Strings usual{"sqitch.plan deploy/ revert/"};

}  // namespace

TEST_CASE("what sqitch.conf does not say is as usual") {
  CHECK(places("") == usual);
  CHECK(places("[core]\n\tengine = pg\n\t# plan_file = other.plan\n\t# top_dir = .\n") == usual);
  CHECK(places("# [engine \"pg\"]\n\t# target = db:pg:\n") == usual);
  CHECK(places("", "db/") == Strings{"db/sqitch.plan db/deploy/ db/revert/"});
}

TEST_CASE("a folder and a plan are set for all, and each kind of script by itself") {
  CHECK(places("[core]\ntop_dir = sql\n") == Strings{"sql/sqitch.plan sql/deploy/ sql/revert/"});
  CHECK(places("[core]\ntop_dir = sql\nrevert_dir = down\nplan_file = shop.plan", "db/") ==
        Strings{"db/shop.plan db/sql/deploy/ db/down/"});
  CHECK(places("[core]\ntop_dir = ./a/../b//\n") == Strings{"b/sqitch.plan b/deploy/ b/revert/"});
  CHECK(places("[core]\ntop_dir = .\n") == usual);
  const auto place = parse_sqitch_conf("",
                                       "[core]\ntop_dir = sql\ndeploy_dir = up\n"
                                       "reworked_dir = old\nreworked_revert_dir = oldest\n")
                         .places.at(0);
  CHECK(place.reworked_deploy == "old/deploy/");
  CHECK(place.reworked_revert == "oldest/");
  // As Sqitch has it: those follow the folder for all, not that of the scripts.
  CHECK(parse_sqitch_conf("", "[core]\ndeploy_dir = up\n").places.at(0).reworked_deploy ==
        "deploy/");
}

TEST_CASE("what a target says counts before its engine, and that before what is said for all") {
  const std::string core = "[core]\nengine = pg\ndeploy_dir = core\n";
  const std::string engine = "[engine \"pg\"]\ntarget = dev\ndeploy_dir = engine\n";
  const std::string target = "[target \"dev\"]\nuri = db:pg:dev\n";
  CHECK(deploy(core) == "core/");
  CHECK(deploy(core + engine + target) == "engine/");
  CHECK(deploy(engine + target + "deploy_dir = target\n" + core) == "target/");
  CHECK(deploy(core + "[engine \"pg\"]\ntarget = db:pg:dev\n" + target + "deploy_dir = target\n") ==
        "core/");
  // Without an engine for all, nothing of an engine counts for all.
  CHECK(deploy("[engine \"pg\"]\ndeploy_dir = engine\n") == "deploy/");
  CHECK(deploy("[core]\ntarget = db:postgres://h/d\n[engine \"pg\"]\ndeploy_dir = engine\n") ==
        "engine/");
  CHECK(deploy("[core]\ntarget = prod\n" + target +
               "deploy_dir = dev\n[target \"prod\"]\nuri = db:pg:p\ndeploy_dir = prod\n") ==
        "prod/");
}

TEST_CASE("each target of PostgreSQL's has its plan, and what is another database's is left out") {
  CHECK(places("[core]\nengine = pg\n[engine \"pg\"]\ntop_dir = pg\n"
               "[engine \"mysql\"]\ntop_dir = mysql\n"
               "[target \"old\"]\nuri = db:pg:old\nplan_file = old.plan\n"
               "[target \"lite\"]\nuri = db:sqlite:x\ntop_dir = lite\n"
               "[engine \"pg.variables\"]\nx = y\n") ==
        Strings{"pg/sqitch.plan pg/deploy/ pg/revert/", "old.plan pg/deploy/ pg/revert/"});
  CHECK(places("[core]\nengine = mysql\n[engine \"pg\"]\ntop_dir = pg\n") ==
        Strings{"pg/sqitch.plan pg/deploy/ pg/revert/"});
}

TEST_CASE("plans of other databases are known, unless one of PostgreSQL's has them too") {
  const auto elsewhere = [](const std::string& bytes) {
    const auto plans = parse_sqitch_conf("db/", bytes).elsewhere;
    return Strings(plans.begin(), plans.end());
  };
  CHECK(elsewhere("[core]\nengine = pg\n").empty());
  CHECK(elsewhere("[core]\nengine = mysql\n").empty());
  CHECK(elsewhere("[core]\nengine = mysql\n[engine \"mysql\"]\ntop_dir = m\n") ==
        Strings{"db/m/sqitch.plan"});
  CHECK(elsewhere("[core]\nengine = pg\ntop_dir = sql\n[target \"lite\"]\nuri = db:sqlite:x\n"
                  "plan_file = lite.plan\n[target \"other\"]\nuri = db:sqlite:y\n") ==
        Strings{"db/lite.plan"});
}

TEST_CASE("what cannot be followed is told") {
  CHECK(problems("[core]\nextension = ddl\n") ==
        Strings{"has scripts that end in .ddl, and only those in .sql are read"});
  CHECK(problems("[core]\ndeploy_dir = ../up\n") ==
        Strings{"looks for ../up (deploy_dir), which is not below the directory that is watched"});
  CHECK(places("[core]\ndeploy_dir = ../up\n").empty());
  CHECK(problems("[core]\nengine = pg\n[target \"dev\"]\nuri = db:pg:dev\ndeploy_dir = dev\n") ==
        Strings{"[target \"dev\"] has scripts of its own for sqitch.plan, and only those of the "
                "first target are read"});
  CHECK(problems("[core]\nengine = pg\n[target \"dev\"]\nuri = db:pg:dev\nregistry = x\n").empty());
}

TEST_CASE("sqitch.conf is written as Git writes its own") {
  CHECK(deploy("[CORE]\nDeploy_Dir=up\n") == "up/");
  CHECK(deploy("[core] deploy_dir = up ; why\n") == "up/");
  CHECK(deploy("[core] # why\r\n\tdeploy_dir = up # why\r\n") == "up/");
  CHECK(deploy("[core]\ndeploy_dir = \"my #1 \" # why\n") == "my #1 /");
  CHECK(deploy("[core]\ndeploy_dir = u\\\np\n") == "up/");
  CHECK(deploy("[core]\ndeploy_dir = u\\\"p\n") == "u\"p/");
  CHECK(deploy("[core]\ndeploy_dir = one\ndeploy_dir = two\n") == "two/");
  CHECK(deploy("[core]\ndeploy_dir\ntop_dir = x") == "x/deploy/");
  CHECK(deploy("[core]\ntarget = Dev\n[target \"dev\"]\nuri = db:pg:\ndeploy_dir = low\n"
               "[target \"Dev\"]\nuri = db:pg:\ndeploy_dir = high\n") == "high/");
}

TEST_CASE("a conf of a hundred thousand targets takes no longer than it is long") {
  std::string conf = "[core]\nengine = pg\n";
  for (int i = 0; i < 100'000; ++i) {
    const auto number = std::to_string(i);
    conf += "[target \"t" + number + "\"]\nuri = db:pg:\nplan_file = p" + number + "\n";
    conf += "extension = e" + number + "\n";
  }
  const auto read = parse_sqitch_conf("", conf);
  CHECK(read.places.size() == 100'001);
  CHECK(read.problems.size() == 100'000);
}

TEST_CASE("whatever a conf says, no place is outside of the directory") {
  CHECK(rc::check([] {
    const auto text =
        *rc::gen::container<std::string>(rc::gen::elementOf(std::string("./a=\n\\\"[] #")));
    for (const auto& conf : {text, "[core]\ntop_dir=" + text, "[core]\nplan_file=\"" + text}) {
      for (const auto& place : parse_sqitch_conf("db/", conf).places) {
        for (const auto& path : {place.plan, place.deploy, place.revert}) {
          RC_ASSERT(!path.starts_with('/'));
          RC_ASSERT(("/" + path).find("/../") == std::string::npos);
        }
      }
    }
  }));
}
