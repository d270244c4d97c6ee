// What `klink acl plan` prints.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "link/rights.h"

namespace klink::cli {

struct OperationView {
  std::string operation;              // READ, DESCRIBE_CONFIGS …
  std::vector<std::string> features;  // that do not work without it

  static void Describe(auto& m, auto& field) {
    field("operation", m.operation);
    field("features", m.features);
  }
};

struct GrantView {
  std::string resource;  // TOPIC | GROUP | CLUSTER | TRANSACTIONAL_ID
  std::string pattern;   // LITERAL | PREFIXED
  std::string name;
  bool optional = false;  // klink does without
  std::vector<OperationView> operations;
  std::string command;  // all of them in one line for a shell

  static void Describe(auto& m, auto& field) {
    field("resource", m.resource);
    field("pattern", m.pattern);
    field("name", m.name);
    field("optional", m.optional);
    field("operations", m.operations);
    field("command", m.command);
  }
};

struct SideView {
  std::string cluster;
  std::string principal;
  std::vector<GrantView> grants;

  static void Describe(auto& m, auto& field) {
    field("cluster", m.cluster);
    field("principal", m.principal);
    field("grants", m.grants);
  }
};

struct PlanView {
  std::string link;
  SideView source;
  SideView destination;

  static void Describe(auto& m, auto& field) {
    field("link", m.link);
    field("source", m.source);
    field("destination", m.destination);
  }
};

struct PlansView {
  std::vector<PlanView> links;
  static void Describe(auto& m, auto& field) { field("links", m.links); }
};

// One word for a POSIX shell.
std::string ShellWord(std::string_view text);

}  // namespace klink::cli
