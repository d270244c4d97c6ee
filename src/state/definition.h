// A link that was made over Kafka REST, as it was asked for. It stands in the state topic of the link it defines, at
// the link's destination, where every agent that knows that cluster finds it. Nothing in it is secret: of a setting
// that is, the name alone is kept, and the clusters are named as the agents' configuration names them, which brings
// their credentials.
//
//   definition   LinkDefinition        definer   DefinerRecord
//
// Neither is part of a controller's transaction, and who runs the link passes both over. Whoever changes a definition
// does so under a transactional id of its own, so that the link's leader is not disturbed: brokers fence all but the
// newest, and its first record, the definer, proves once it can be read that everything written before can be.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "admin/state_log.h"
#include "base/json_fields.h"

namespace klink::state {

struct DefinedSetting {
  std::string name;
  std::string value;  // the caller's very text

  static void Describe(auto& m, auto& field) {
    field("name", m.name);
    field("value", m.value);
  }
  friend bool operator==(const DefinedSetting&, const DefinedSetting&) = default;
};

struct LinkDefinition {
  std::string source;  // under `clusters` of the configuration
  std::string destination;
  std::string destination_cluster_id;    // elsewhere the record is a copy, and defines nothing
  std::vector<DefinedSetting> settings;  // each name once
  std::vector<std::string> withheld;     // secret settings that were given and are not kept, by name
  std::vector<std::string> mirrors;      // source topics for each of which a mirror was made
  std::vector<std::string> dropped;      // source topics whose mirror was deleted: no filter brings it back
  bool removing = false;                 // nobody runs the link any more; what klink keeps of it is to be deleted
  int64_t revision = 0;                  // grows with every change
  std::string by;                        // who changed it last
  int64_t changed_ms = 0;

  static void Describe(auto& m, auto& field) {
    field("source", m.source);
    field("destination", m.destination);
    field("destination_cluster_id", m.destination_cluster_id);
    field("settings", m.settings);
    field("withheld", m.withheld);
    field("mirrors", m.mirrors);
    field("dropped", m.dropped);
    field("removing", m.removing);
    field("revision", m.revision);
    field("by", m.by);
    field("changed_ms", m.changed_ms);
  }
  friend bool operator==(const LinkDefinition&, const LinkDefinition&) = default;
};

// Who is about to change the definition.
struct DefinerRecord {
  std::string session;

  static void Describe(auto& m, auto& field) { field("session", m.session); }
  friend bool operator==(const DefinerRecord&, const DefinerRecord&) = default;
};

std::string KeyOf(const LinkDefinition&);
std::string KeyOf(const DefinerRecord&);
// One of these two.
bool IsOfDefinition(std::string_view key);
// InvalidArgument: so large that no agent would read it.
StatusOr<admin::KeyValue> Encode(const LinkDefinition& definition);
admin::KeyValue Encode(const DefinerRecord& definer);
std::string DefinerId(std::string_view link);  // transactional: `klink.<link>.definition`

// What a state topic says of the definition of its link, record by record in order. Pure.
class DefinitionLog {
 public:
  // `value` nothing: a tombstone.
  void Apply(std::string_view key, const std::optional<std::string>& value);

  // FailedPrecondition: written by a newer klink. DataLoss: no definition at all.
  const Status& status() const { return status_; }
  const std::optional<LinkDefinition>& definition() const { return definition_; }
  const std::string& definer() const { return definer_; }  // the session of the last one
  bool begun() const { return begun_; }                    // an agent ran a link of that name

 private:
  Status status_;
  std::optional<LinkDefinition> definition_;
  std::string definer_;
  bool begun_ = false;
};

}  // namespace klink::state
