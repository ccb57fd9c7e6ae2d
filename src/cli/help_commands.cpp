// completion, and the hidden commands that make the docs
#include <iostream>

#include "cli/context.h"
#include "cli/help_pages.h"

namespace oneclaw::cli {

namespace {

struct CompletionOptions {
  std::string shell;
};

Result<int> completion(Context& /*context*/, CompletionOptions& options) {
  TRY(const std::string script, completion_script(options.shell));
  std::cout << script;
  return kDone;
}

struct DocsOptions {
  const CLI::App* app = nullptr;
  bool man = false;
  std::vector<std::string> words;
};

Result<int> docs(Context& /*context*/, DocsOptions& options) {
  std::cout << (options.man ? man_page(*options.app) : markdown_page(*options.app));
  return kDone;
}

Result<int> candidates(Context& context, DocsOptions& options) {
  std::vector<std::string> words = options.words;
  words.insert(words.end(), context.trailing.begin(), context.trailing.end());
  for (const std::string& word : complete(*options.app, words)) std::cout << word << "\n";
  return kDone;
}

const CLI::App* root_of(const CLI::App& app) {
  const CLI::App* root = &app;
  while (root->get_parent() != nullptr) root = root->get_parent();
  return root;
}

}  // namespace

void add_help_commands(CLI::App& app, Context& context) {
  add_command<CompletionOptions>(
      app, context, "completion", "Print a completion script: source <(oneclaw completion bash)",
      [](CLI::App& command, CompletionOptions& options) {
        command.add_option("shell", options.shell, "bash, zsh or fish")
            ->required()
            ->type_name("SHELL");
      },
      completion);
  add_command<DocsOptions>(
      app, context, "__docs", "The commands as a page.",
      [](CLI::App& command, DocsOptions& options) {
        options.app = root_of(command);
        command.add_flag("--man", options.man, "For man(1)");
      },
      docs)
      ->group("");
  add_command<DocsOptions>(
      app, context, "__complete", "What can follow the words.",
      [](CLI::App& command, DocsOptions& options) {
        options.app = root_of(command);
        command.add_option("words", options.words, "The words so far");
      },
      candidates)
      ->group("");
}

}  // namespace oneclaw::cli
