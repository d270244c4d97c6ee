// Clusters with Kafka's authorizer, and klink with exactly the rights that `klink acl plan` prints.
#pragma once

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "integration/mirror_fixture.h"
#include "integration/rights_tools.h"

namespace klink::it {

inline constexpr char kSasl[] = "SASL";
inline constexpr char kAdmin[] =
    "security.protocol=SASL_PLAINTEXT\nsasl.mechanism=PLAIN\nsasl.jaas.config="
    "org.apache.kafka.common.security.plain.PlainLoginModule required username=\"admin\" password=\"s3cret\";\n";

class Rights : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    dir_ = std::make_unique<TempDir>("rights");
    WriteFile(dir_->path() / "admin.properties", kAdmin);
    WriteFile(dir_->path() / "password", "s3cret");
    pair_ = std::make_unique<ClusterPair>(Options("source"), Options("destination"));
    at_source_ = std::make_unique<Administrator>(pair_->source);
    at_destination_ = std::make_unique<Administrator>(pair_->destination);
    agent_ = std::make_unique<Agent>(File());
    const Outcome plan = agent_->Cli({"acl", "plan"});
    if (plan.exit_code != 0) throw std::runtime_error("acl plan: " + plan.err);
    plan_ = plan.out;
    RunPlan(plan_);
    agent_->Start();
  }
  static void TearDownTestSuite() {
    if (testing::UnitTest::GetInstance()->current_test_suite()->Failed()) {
      agent_->KeepFiles();
      pair_->destination.KeepFiles();
      dir_->Keep();
    }
    agent_.reset();
    at_source_.reset();
    at_destination_.reset();
    pair_.reset();
    dir_.reset();
  }

  static ClusterOptions Options(const std::string& name) {
    ClusterOptions options;
    options.name = name;
    options.properties = {{"authorizer.class.name", "org.apache.kafka.metadata.authorizer.StandardAuthorizer"},
                          {"super.users", "User:ANONYMOUS;User:admin"}};
    options.listeners = {{kSasl,
                          "SASL_PLAINTEXT",
                          {{"sasl.enabled.mechanisms", "PLAIN"},
                           {"plain.sasl.jaas.config",
                            "org.apache.kafka.common.security.plain.PlainLoginModule required user_admin=\"s3cret\" "
                            "user_klink=\"s3cret\" user_app=\"s3cret\";"}}}};
    return options;
  }
  static LinkFile File() {
    LinkFile file;
    file.source = pair_->source.bootstrap(kSasl);
    file.destination = pair_->destination.bootstrap(kSasl);
    file.source_security = file.destination_security = fmt::format(
        "security.protocol: SASL_PLAINTEXT, sasl.mechanism: PLAIN, sasl.username: klink, "
        "sasl.password: \"${{file:{}}}\"",
        (dir_->path() / "password").string());
    file.extra_link =
        "acls: {enabled: true, interval: 1s, include: [\"User:app*\", \"User:CN=Ann B., O=Ex\"]}\n"
        "    quotas: {enabled: true, interval: 1s}\n"
        "    groups: {include: [{prefix: app-}], interval: 1s}";
    return file;
  }

  static void RunPlan(const std::string& script) { RunAclPlan(script, dir_->path(), pair_->source); }
  // One operation of a line of the plan, taken away or given back.
  enum class Change { kRemove, kAdd };
  static void Alter(Change change, const std::string& bootstrap, const std::string& resource,
                    const std::string& operation) {
    for (size_t at = 0, end = 0; at < plan_.size(); at = end + 1) {
      end = std::min(plan_.find('\n', at), plan_.size());
      std::string line = plan_.substr(at, end - at);
      if (line.starts_with('#') || line.find(bootstrap) == std::string::npos ||
          line.find(resource) == std::string::npos)
        continue;
      line = line.substr(0, line.find(" --operation")) + " --operation " + operation;
      if (change == Change::kRemove) line.replace(line.find("--add"), 5, "--remove --force");
      return RunPlan(line + "\n");
    }
    throw std::runtime_error(fmt::format("the plan has no line with {} at {}", resource, bootstrap));
  }
  static std::string LinkText() { return agent_->Cli({"link", "describe", "-o", "json"}).out; }
  // Of User:app at the source; empty: none.
  static void SetQuota(const std::string& producer_byte_rate) {
    const bool none = producer_byte_rate.empty();
    const Outcome outcome = pair_->source.Tool(
        "kafka.admin.ConfigCommand", {"--bootstrap-server", pair_->source.bootstrap(), "--entity-type", "users",
                                      "--entity-name", "app", "--alter", none ? "--delete-config" : "--add-config",
                                      none ? "producer_byte_rate" : "producer_byte_rate=" + producer_byte_rate});
    if (outcome.exit_code != 0) throw std::runtime_error(outcome.out + outcome.err);
  }
  static void AwaitText(const std::string& what, const std::function<std::string()>& shown, const std::string& text) {
    try {
      Await(what, seconds(40), [&] { return shown().find(text) != std::string::npos; });
    } catch (const std::runtime_error& error) {
      throw std::runtime_error(
          fmt::format("{}: no \"{}\" in\n{}\n{}", error.what(), text, shown(), LastLines(agent_->log(), 15)));
    }
  }
  static void AwaitAt(Administrator& administrator, const std::string& line) {
    AwaitText(
        "an ACL", [&] { return "\n" + fmt::format("{}", fmt::join(administrator.List(), "\n")) + "\n"; },
        "\n" + line + "\n");
  }

  static inline std::unique_ptr<TempDir> dir_;
  static inline std::unique_ptr<ClusterPair> pair_;
  static inline std::unique_ptr<Administrator> at_source_, at_destination_;
  static inline std::unique_ptr<Agent> agent_;
  static inline std::string plan_;
};

}  // namespace klink::it
