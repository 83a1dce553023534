// The commands about what is run in a database: plan, apply, rollback, cancel.

#include <boost/json/parse.hpp>

#include "core/text/printable.h"
#include "daemon/client/commands.h"
#include "daemon/client/completion/completion.h"
#include "daemon/client/confirm.h"
#include "daemon/client/interrupt.h"
#include "daemon/client/print.h"
#include "daemon/client/render/progress.h"
#include "daemon/client/render/render.h"

namespace tidemark::client {

namespace {

// What is meant to run, and where.
struct Order {
  EnvironmentRef environment;
  bool rollback = false;
  json::object selectors;  // as the daemon takes them
};

Outcome<Order> order_of(Session& session, bool rollback) {
  const auto& arguments = session.arguments;
  auto environment = session.daemon.environment(arguments.environment);
  if (!environment) {
    return std::unexpected(environment.error());
  }
  Order order{std::move(*environment), rollback, {}};
  if (!arguments.to.empty() || !arguments.only.empty()) {
    const auto matrix = session.daemon.get({{"apps", order.environment.app, "matrix"}});
    if (!matrix) {
      return std::unexpected(matrix.error());
    }
    if (!arguments.to.empty()) {
      const auto id = migration_named(arguments.to, matrix->root());
      if (!id) {
        return std::unexpected(id.error());
      }
      order.selectors["to"] = *id;
    }
    if (!arguments.only.empty()) {
      auto ids = migrations_named(arguments.only, matrix->root());
      if (!ids) {
        return std::unexpected(ids.error());
      }
      order.selectors["only"] = std::move(*ids);
    }
  }
  if (arguments.unanalysed) {
    order.selectors["unanalysed"] = true;
  }
  if (arguments.from_empty) {
    order.selectors["from_empty"] = true;
  }
  return order;
}

Outcome<Document> plan_of(Session& session, const Order& order) {
  auto body = order.selectors;
  body["action"] = order.rollback ? "rollback" : "apply";
  return session.daemon.post(below(order.environment, {"plan"}), body, plan_deadline);
}

// As a shell takes it, and no terminal is misled by.
std::string word(const json::string& text) {
  constexpr std::string_view as_it_is =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./:@+%,-";
  const std::string_view plain(text.data(), text.size());
  return plain.find_first_not_of(as_it_is) == std::string_view::npos
             ? std::string(plain)
             : printable(shell_quoted(plain));
}

// `verb` with the selectors of the order: what a plan's id stands for depends on them.
std::string command(const Order& order, const std::string& verb) {
  auto text = "tidemark " + verb + " " + printable(order.environment.text());
  if (const auto* to = order.selectors.if_contains("to")) {
    text += " --to " + word(to->as_string());
  }
  if (const auto* only = order.selectors.if_contains("only")) {
    text += " --only";
    for (const auto& id : only->as_array()) {
      text += " " + word(id.as_string());
    }
  }
  text += order.selectors.contains("unanalysed") ? " --unanalysed" : "";
  return text + (order.selectors.contains("from_empty") ? " --from-empty" : "");
}

std::string verb(const Order& order) {
  return order.rollback ? "rollback" : "apply";
}

std::string plan_command(const Order& order) {
  return command(order, "plan") + (order.rollback ? " --rollback" : "");
}

void append(Failure& failure, const std::string& line) {
  failure.message += "\n  " + line;
}

using TakeLine = std::function<bool(std::string_view)>;

// Prints what the daemon tells of a run until that ends. `begin` starts the stream; `words` are
// what Ctrl-C says.
Outcome<Exit> follow(Session& session,
                     const EnvironmentRef& environment,
                     const std::string& words,
                     std::string_view success,
                     const std::function<Outcome<void>(const TakeLine&)>& begin) {
  const auto name = printable(environment.text());
  auto& console = session.console;
  Progress progress(name);
  bool begun = false;
  // Goes on when nobody reads any more: how it ends is still the exit code.
  const auto take = [&](std::string_view line) {
    if (line.empty()) {
      return true;
    }
    begun = true;
    boost::system::error_code problem;
    const auto event = json::parse({line.data(), line.size()}, problem);
    if (problem) {
      throw Misunderstood("a line of the stream is not JSON");
    }
    const auto text = progress.tell(object(event), console.style());
    if (session.arguments.json) {
      print_json(console, line);
    } else {
      console.out(text);
    }
    return true;
  };
  last_words("\n" + words + "\n");
  auto ended = begin(take);
  last_words("");
  if (progress.world_changed()) {
    return Exit::world_changed;
  }
  if (!progress.outcome().empty()) {
    return progress.outcome() == success ? Exit::done : Exit::failed;
  }
  if (!session.arguments.json) {
    console.out(progress.end());
  }
  if (!begun && !ended) {
    if (ended.error().exit == Exit::unreachable) {
      append(ended.error(),
             "what runs there goes on without this client: tidemark apply " + name +
                 " --attach shows it");
    }
    return std::unexpected(ended.error());
  }
  return stop(Exit::unreachable,
              "the connection to the daemon was lost before the end was told; the apply may go "
              "on\n  tidemark apply " +
                  name + " --attach shows it while it runs, tidemark status " + name +
                  " what became of it");
}

std::string goes_on(const Order& order) {
  const auto name = printable(order.environment.text());
  return "tidemark: the " + verb(order) + " goes on in the daemon\n  tidemark apply " + name +
         " --attach shows it, tidemark cancel " + name + " stops it";
}

// Shows what is about to run, and asks where that is to be asked.
Outcome<void> approved(Session& session, const Order& order, const json::object& plan) {
  const auto brief = render_plan_briefly(plan);
  if (session.arguments.yes && !session.arguments.json) {
    session.console.out(brief + "\n");
  }
  return order.rollback ? confirmed(session, order.environment, brief)
                        : agreed(session, brief, "Apply this?");
}

Outcome<Exit> carry_out(Session& session, bool rollback) {
  const auto& arguments = session.arguments;
  const auto order = order_of(session, rollback);
  if (!order) {
    return std::unexpected(order.error());
  }
  const auto plan = plan_of(session, *order);
  if (!plan) {
    return std::unexpected(plan.error());
  }
  const auto name = printable(order->environment.text());
  const auto id = raw(plan->root(), "plan_id");
  if (!arguments.plan_id.empty() && arguments.plan_id != id) {
    return stop(Exit::world_changed,
                "what would run in " + name + " is no longer plan " + printable(arguments.plan_id) +
                    ": nothing was changed\n  " + plan_command(*order) +
                    " shows what it is now; what the plan was made with (--to, --only, …) is "
                    "given here too");
  }
  const auto hindrances =
      render_hindrances(plan->root(), arguments.override_freeze.empty() ? "" : "frozen");
  if (!hindrances.empty()) {
    return stop(Exit::failed,
                "nothing was run in " + name + ": this stands in the way\n" +
                    hindrances.substr(0, hindrances.size() - 1));
  }
  if (list(plan->root(), "migrations").empty()) {
    const auto text = render_nothing_planned(plan->root());
    if (arguments.json) {
      session.console.err(text);
    } else {
      session.console.out(text);
    }
    return Exit::done;
  }
  const auto sure = approved(session, *order, plan->root());
  if (!sure) {
    return std::unexpected(sure.error());
  }
  auto body = order->selectors;
  body["plan_id"] = id;
  if (!arguments.override_freeze.empty()) {
    body["override_freeze"] = arguments.override_freeze;
  }
  auto outcome =
      follow(session, order->environment, goes_on(*order), "applied", [&](const auto& take) {
        return session.daemon.stream(below(order->environment, {verb(*order)}), body, take);
      });
  if (!outcome && outcome.error().exit == Exit::world_changed) {
    append(outcome.error(), plan_command(*order) + " shows what would run now");
  }
  return outcome;
}

Outcome<Exit> attach(Session& session) {
  const auto environment = session.daemon.environment(session.arguments.environment);
  if (!environment) {
    return std::unexpected(environment.error());
  }
  return follow(
      session, *environment, goes_on({*environment, false, {}}), "applied", [&](const auto& take) {
        return session.daemon.stream(below(*environment, {"apply"}), take);
      });
}

}  // namespace

Outcome<Exit> run_plan(Session& session) {
  const auto order = order_of(session, session.arguments.rollback);
  if (!order) {
    return std::unexpected(order.error());
  }
  const auto plan = plan_of(session, *order);
  const auto printed = print(session, plan, [&](const auto& answer) {
    return render_plan(answer,
                       command(*order, verb(*order)) + " --plan-id " + shown(answer, "plan_id"),
                       session.console.style());
  });
  if (!printed || !session.arguments.exit_code) {
    return printed;
  }
  if (!list(plan->root(), "migrations").empty()) {
    return Exit::attention;
  }
  // What is not known for sure is not clean.
  return list_if(plan->root(), "hindrances").empty() ? Exit::done : Exit::failed;
}

Outcome<Exit> run_apply(Session& session) {
  return session.arguments.attach ? attach(session) : carry_out(session, false);
}

Outcome<Exit> run_rollback(Session& session) {
  return carry_out(session, true);
}

Outcome<Exit> run_cancel(Session& session) {
  const auto environment = session.daemon.environment(session.arguments.environment);
  if (!environment) {
    return std::unexpected(environment.error());
  }
  const auto words = "tidemark: it goes on being cancelled\n  tidemark apply " +
                     printable(environment->text()) + " --attach shows how it ends";
  return follow(session, *environment, words, "cancelled", [&](const auto& take) {
    return session.daemon.stream(below(*environment, {"cancel"}), json::object{}, take);
  });
}

}  // namespace tidemark::client
