#include "daemon/client/completion/completion.h"

namespace tidemark::client {

namespace {

// In bash and zsh the same: a command for each part of an offer.
std::string offering(const Offer& offer) {
  std::vector<std::string> steps;
  if (!offer.words.empty()) {
    steps.push_back("_tidemark_offer " + alternatives(offer.words, " "));
  }
  for (const auto& kind : offer.names) {
    steps.push_back("_tidemark_names " + kind + (kind == "migrations" ? " \"$first\"" : ""));
  }
  if (offer.files) {
    steps.push_back("_tidemark_files");
  }
  return steps.empty() ? ":" : alternatives(steps, "; ");
}

// Which options take a value, so that the value is not taken for a positional.
std::string options_with_value(const CommandSyntax& root) {
  std::vector<std::string> names;
  for (const auto& option : all_options(root)) {
    if (!option.label.empty() && option.names != std::vector<std::string>{"--socket"}) {
      names.insert(names.end(), option.names.begin(), option.names.end());
    }
  }
  return alternatives(names, " | ");
}

std::string values(const CommandSyntax& root) {
  std::string text;
  for (const auto& option : all_options(root)) {
    if (!option.label.empty()) {
      text += "    " + alternatives(option.names, " | ") + ") " +
              offering(offer_for(option.label)) + "; return ;;\n";
    }
  }
  return text;
}

std::string options(const CommandSyntax& root) {
  std::string text;
  for (const auto& command : root.below) {
    text += "      " + command.name + ") _tidemark_offer " +
            alternatives(option_words(root, command), " ") + " ;;\n";
  }
  return text + "      *) _tidemark_offer " + alternatives(option_words(root, root), " ") +
         " --version ;;\n";
}

std::string places(const CommandSyntax& root) {
  std::string text;
  for (const auto& command : root.below) {
    const auto at = places_of(command);
    for (std::size_t i = 0; i < at.offers.size(); ++i) {
      const bool last = i + 1 == at.offers.size();
      const auto place = last && at.repeats ? std::string("*") : std::to_string(i);
      text += "    " + command.name + ":" + place + ") " + offering(at.offers[i]) + " ;;\n";
    }
  }
  return text;
}

}  // namespace

std::string bash_completion(const CommandSyntax& root) {
  std::vector<std::string> commands;
  for (const auto& command : root.below) {
    commands.push_back(command.name);
  }
  return R"(# Completion of tidemark for bash: tidemark completion bash

_tidemark_offer() {
  local word
  for word in "$@"; do
    [[ $word == "$cur"* ]] && COMPREPLY+=("$word")
  done
}

# Names that the daemon knows; none when it is away. They hold nothing that the shell would act upon.
_tidemark_names() {
  local names
  mapfile -t names < <("${COMP_WORDS[0]}" "${socket[@]}" __names "$@" 2>/dev/null)
  _tidemark_offer "${names[@]}"
}

_tidemark_files() {
  compopt -o filenames 2>/dev/null
  local files
  mapfile -t files < <(compgen -f -- "$cur")
  COMPREPLY+=("${files[@]}")
}

_tidemark() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
  local command='' first='' place=0 i socket=()
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    case ${COMP_WORDS[i]} in
      --socket)
        ((i + 1 < COMP_CWORD)) && socket=(--socket "${COMP_WORDS[i + 1]}")
        i=$((i + 1))
        ;;
      )" +
         options_with_value(root) +
         R"() i=$((i + 1)) ;;
      -*) ;;
      *)
        if [[ -z $command ]]; then
          command=${COMP_WORDS[i]}
        else
          [[ $place == 0 ]] && first=${COMP_WORDS[i]}
          place=$((place + 1))
        fi
        ;;
    esac
  done
  case $prev in
)" + values(root) +
         R"(  esac
  if [[ $cur == -* ]]; then
    case $command in
)" + options(root) +
         R"(    esac
    return
  fi
  case $command:$place in
    :0) _tidemark_offer )" +
         alternatives(commands, " ") + " ;;\n" + places(root) + R"(  esac
}

complete -F _tidemark tidemark
)";
}

}  // namespace tidemark::client
