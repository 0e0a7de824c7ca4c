// SPDX-License-Identifier: MIT
//
// pigeonctl: what an administrator does with the tree, the plugins and the mailboxes.
#include "host/control/commands.hpp"
#include "host/control/crash.hpp"
#include "host/identity.hpp"

#include <pigeon/sdk/text.hpp>

#include <sysexits.h>
#include <unistd.h>
#include <CLI/CLI.hpp>

#include <cstdio>
#include <functional>
#include <iostream>
#include <string>
#include <vector>

namespace {

using namespace pigeon;
using namespace pigeon::control;

// What the arguments of all commands are put into. Each command uses some of them.
struct Arguments {
  SessionOptions session;
  std::string path = "/";
  std::string name;
  std::string file;
  std::string mda;
  AdoptOptions adopting;
  PurgeOptions purging;
  MoveOptions moving;
  ExplainOptions explain;
  ExportOptions exporting;
  ImportOptions importing;
  std::vector<std::string> classes;
  std::vector<std::string> rest;
  bool recursive = false;
  bool flag = false;
};

// A command runs after everything was parsed.
using Command = std::function<Done(Session&)>;

class Parser {
 public:
  Parser() {
    app_.set_version_flag("--version", "pigeonctl " PIGEON_VERSION);
    app_.require_subcommand(1);
    app_.failure_message(&Parser::usage);
    app_.add_option("-c", a_.session.configuration_file, "configuration file");
    app_.add_option("-o", a_.session.overrides, "override a key of the configuration: KEY=VALUE")
        ->allow_extra_args(false);
    app_.add_option("--trust", a_.session.trusted, "take this directory and those above it as they are");
    app_.add_flag("--json", a_.session.json, "print JSON, one value a line");
    app_.fallthrough();
    add_setup();
    add_tree();
    add_accounts();
    add_plugins();
    add_mailboxes();
  }

  int parse(int count, char** arguments) {
    try {
      app_.parse(count, arguments);
    } catch (const CLI::ParseError& error) {
      const int status = app_.exit(error);
      return status == 0 ? EX_OK : EX_USAGE;
    }
    return -1;
  }
  [[nodiscard]] const SessionOptions& session_options() const { return a_.session; }
  Done run(Session& session) { return command_(session); }

 private:
  // What is wrong with the command line, and where it says how it should be.
  static std::string usage(const CLI::App* app, const CLI::Error& error) {
    const auto extra = app->remaining(true);
    std::string where = "pigeonctl";
    for (auto below = app->get_subcommands(); !below.empty(); below = app->get_subcommands()) {
      app = below.front();
      where += " " + app->get_name();
    }
    const bool is_unknown = !extra.empty() && !app->get_subcommands({}).empty();
    const auto what = is_unknown ? "there is no command '" + printable(extra.front()) + "'" : error.what();
    return "pigeonctl: " + what + "\nto mend it: see `" + where + " --help`\n";
  }
  CLI::App* command(CLI::App& above, const std::string& name, const std::string& help, Command body) {
    auto* added = above.add_subcommand(name, help);
    added->callback([this, body = std::move(body)] { command_ = body; });
    return added;
  }
  CLI::App& group(const std::string& name, const std::string& help) {
    auto* added = app_.add_subcommand(name, help);
    added->require_subcommand(1);
    added->fallthrough();
    return *added;
  }
  // "CLASS,AUXILIARY" and what --class adds: the first is the structural one.
  [[nodiscard]] std::vector<std::string> all_classes() const {
    const auto named = split(a_.name, ',');
    std::vector<std::string> classes(named.begin(), named.end());
    classes.insert(classes.end(), a_.classes.begin(), a_.classes.end());
    return classes;
  }
  void with_path(CLI::App* command) {
    command->add_option("PATH", a_.path, "a path, such as /example.com")->required();
  }
  void with_address(CLI::App* command) {
    command->add_option("ADDRESS", a_.name, "user@domain; @domain for a catch-all")->required();
  }
  void with_domain(CLI::App* command) { command->add_option("DOMAIN", a_.name)->required(); }

  void add_setup() {
    command(app_, "init", "make the tree and mark the base directories; touches nothing that is there",
            [](Session& s) { return initialize(s); });
    command(app_, "check", "look at the whole set-up, and say what to do",
            [](Session& s) { return check(s); });
    auto* explained = command(app_, "explain", "what would become of a message, and why; changes nothing",
                              [this](Session& s) { return explain(s, a_.explain); });
    explained->add_option("RECIPIENT", a_.explain.recipient, "user@domain; @domain for a catch-all")
        ->required();
    explained->add_option("-f", a_.explain.sender, "envelope sender");
    explained->add_option("-m", a_.explain.folder, "folder that the MTA asks for");
  }

  void add_tree() {
    auto& tree = group("tree", "objects of the tree");
    with_path(command(tree, "get", "print an object", [this](Session& s) { return tree_get(s, a_.path); }));
    auto* list = command(tree, "list", "list what is below",
                         [this](Session& s) { return tree_list(s, a_.path, a_.recursive); });
    list->add_option("PATH", a_.path);
    list->add_flag("-r", a_.recursive, "and everything below that");
    auto* add = command(tree, "add", "add an object",
                        [this](Session& s) { return tree_add(s, a_.path, all_classes(), a_.rest); });
    with_path(add);
    add->add_option("CLASS", a_.name, "its class; then, after commas, auxiliary classes")->required();
    add->add_option("NAME=VALUE", a_.rest, "a name twice gives it two values");
    add->add_option("--class", a_.classes, "an auxiliary class, like one after a comma")
        ->allow_extra_args(false);
    auto* set = command(tree, "set", "set attributes",
                        [this](Session& s) { return tree_set(s, a_.path, a_.classes, a_.rest); });
    with_path(set);
    set->add_option("NAME=VALUE", a_.rest, "a name twice gives it two values");
    set->add_option("--class", a_.classes, "add this auxiliary class")->allow_extra_args(false);
    auto* unset = command(tree, "unset", "remove attributes",
                          [this](Session& s) { return tree_unset(s, a_.path, a_.classes, a_.rest); });
    with_path(unset);
    unset->add_option("NAME", a_.rest);
    unset->add_option("--class", a_.classes, "remove this auxiliary class")->allow_extra_args(false);
    auto* remove = command(tree, "remove", "remove an object",
                           [this](Session& s) { return tree_remove(s, a_.path, a_.recursive); });
    with_path(remove);
    remove->add_flag("-r", a_.recursive, "and everything below it");
    auto* exported = command(tree, "export", "print objects as JSON, one a line",
                             [this](Session& s) { return tree_export(s, a_.path, a_.exporting); });
    exported->add_option("PATH", a_.path);
    exported->add_flag("--ldif", a_.exporting.ldif, "as LDIF");
    exported->add_option("--base", a_.exporting.base, "of LDIF: the DN of the root");
    auto* import = command(tree, "import", "add objects that were exported",
                           [this](Session& s) { return tree_import(s, a_.file, a_.importing); });
    import->add_option("FILE", a_.file, "standard input if there is none");
    import->add_flag("--ldif", a_.importing.ldif, "from LDIF");
    import->add_flag("--skip-existing", a_.importing.skip_existing,
                     "leave objects that are there as they are");
  }

  void add_accounts() {
    auto& domain = group("domain", "domains");
    auto* add = command(domain, "add", "add a domain, with all modules",
                        [this](Session& s) { return domain_add(s, a_.name, a_.flag); });
    with_domain(add);
    add->add_flag("--bare", a_.flag, "without modules");
    auto* remove = command(domain, "remove", "remove a domain; mail stays where it is",
                           [this](Session& s) { return domain_remove(s, a_.name, a_.recursive); });
    with_domain(remove);
    remove->add_flag("-r", a_.recursive, "with its users");
    command(domain, "list", "list the domains", [](Session& s) { return domain_list(s); });
    auto& user = group("user", "users");
    with_address(command(user, "add", "add a user", [this](Session& s) { return user_add(s, a_.name); }));
    auto* remove_user = command(user, "remove", "remove a user",
                                [this](Session& s) { return user_remove(s, a_.name, a_.flag); });
    with_address(remove_user);
    remove_user->add_flag("--leave-mail", a_.flag, "also if there is a mailbox, which stays");
    with_domain(command(user, "list", "list the users of a domain",
                        [this](Session& s) { return user_list(s, a_.name); }));
    with_address(command(user, "show", "print a user's objects",
                         [this](Session& s) { return user_show(s, a_.name); }));
  }

  void add_plugins() {
    auto& plugin = group("plugin", "plugins");
    command(plugin, "list", "list the plugins", [](Session& s) { return plugin_list(s); });
    command(plugin, "show", "what a plugin is, its settings and classes",
            [this](Session& s) { return plugin_show(s, a_.name); })
        ->add_option("NAME", a_.name)
        ->required();
    auto& schema = group("schema", "the schema of the tree, from the installed plugins");
    command(schema, "json", "for programs", [](Session& s) { return schema_json(s); });
    command(schema, "sql", "as the configured datatree writes it", [this](Session& s) {
      return schema_in(s, a_.name.empty() ? "sql" : a_.name);
    })->add_option("--dialect", a_.name, "sqlite or mysql; by default what the datatree itself speaks");
    command(schema, "ldap", "for an LDAP server, as the configured datatree writes it", [this](Session& s) {
      return schema_in(s, a_.flag ? "cn-config" : "ldap");
    })->add_flag("--cn-config", a_.flag, "as LDIF, for a server that keeps its configuration in cn=config");
  }

  void add_mailboxes() {
    auto& mailbox = group("mailbox", "mailboxes");
    auto* list = command(mailbox, "list", "what a mailbox holds",
                         [this](Session& s) { return mailbox_list(s, a_.name, a_.flag); });
    with_address(list);
    list->add_flag("--messages", a_.flag, "each message");
    auto* quota = command(mailbox, "quota", "how full a mailbox is",
                          [this](Session& s) { return mailbox_quota(s, a_.name, a_.flag); });
    with_address(quota);
    quota->add_flag("--recount", a_.flag, "count what is there, and correct what was noted");
    auto* adopt = command(mailbox, "adopt", "take over a mailbox that is there, or take one back",
                          [this](Session& s) { return mailbox_adopt(s, a_.name, a_.adopting); });
    with_address(adopt);
    adopt->add_option("DIRECTORY", a_.adopting.home,
                      "where it is, below the base; else where a new one would be made");
    adopt->add_option("--id", a_.adopting.id, "the id that it is stamped with, if it is");
    auto* purge = command(mailbox, "purge", "delete a mailbox with all its mail",
                          [this](Session& s) { return mailbox_purge(s, a_.name, a_.purging); });
    with_address(purge);
    purge->add_flag("--yes", a_.purging.yes, "do not ask");
    purge->add_flag("--retired", a_.purging.retired, "not the mailbox, but those that it was moved out of");
    add_transfers(mailbox);
  }

  void add_transfers(CLI::App& mailbox) {
    auto* exported = command(mailbox, "export", "copy a mailbox into a directory",
                             [this](Session& s) { return mailbox_export(s, a_.name, a_.file, a_.mda); });
    with_address(exported);
    exported->add_option("DIRECTORY", a_.file, "made, if it is not there, as the base of an MDA")->required();
    exported->add_option("--as", a_.mda, "the MDA, by default the user's");
    auto* imported = command(mailbox, "import", "store the messages of a mailbox that another program made",
                             [this](Session& s) { return mailbox_import(s, a_.name, a_.file, a_.mda); });
    with_address(imported);
    imported->add_option("PATH", a_.file, "where it is; it is only read")->required();
    imported->add_option("--from", a_.mda, "the MDA that can read it, by default the user's");
    auto* moved = command(mailbox, "move", "move a mailbox into another storage format, while mail arrives",
                          [this](Session& s) { return mailbox_move(s, a_.name, a_.moving); });
    with_address(moved);
    moved->add_option("MDA", a_.moving.mda, "the storage format")->required();
    moved->add_flag("--resume", a_.moving.resume, "begin anew a move that was interrupted");
    moved->add_flag("--purge", a_.moving.purge, "delete the old mailbox at the end");
  }

  CLI::App app_{"Administers PigeonDeliver: the tree, the plugins, the mailboxes. See pigeonctl(8)."};
  Arguments a_;
  Command command_;
};

}  // namespace

int main(int count, char** arguments) {
  host::settle_process();
  name_who_crashes();
  try {
    Parser parser;
    if (const int status = parser.parse(count, arguments); status >= 0) return status;
    Session session(parser.session_options());
    auto done = session.begin();
    if (done) done = parser.run(session);
    // Whoever reads what we print must not take a part of it for all.
    if (done && (std::fflush(stdout) != 0 || std::ferror(stdout) != 0)) {
      done = temporary("write to standard output: it takes no more")
                 .with_remedy("see whether the disk is full that it goes to");
    }
    if (done) return EX_OK;
    session.out().failure(done.failure());
    return EXIT_FAILURE;
  } catch (const std::exception& exception) {
    std::cerr << "pigeonctl: unexpected: " << exception.what() << '\n';
    return EX_SOFTWARE;
  }
}
