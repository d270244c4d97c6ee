// klink with exactly the rights that `klink acl plan` prints, on clusters with Kafka's authorizer: everything works,
// and a right that is taken away has its own error with the feature's name. ACLs and quotas of applications on their
// way to the destination.
#include <cstdlib>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <librdkafka/rdkafka.h>

#include "integration/mirror_fixture.h"
#include "integration/transactional.h"

namespace klink::it {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr char kSasl[] = "SASL";
constexpr char kAdmin[] =
    "security.protocol=SASL_PLAINTEXT\nsasl.mechanism=PLAIN\nsasl.jaas.config="
    "org.apache.kafka.common.security.plain.PlainLoginModule required username=\"admin\" password=\"s3cret\";\n";

// An ACL as Kafka's own client names it.
struct Grant {
  rd_kafka_ResourceType_t resource = RD_KAFKA_RESOURCE_TOPIC;
  std::string name;
  rd_kafka_AclOperation_t operation = RD_KAFKA_ACL_OPERATION_READ;
  rd_kafka_ResourcePatternType_t pattern = RD_KAFKA_RESOURCE_PATTERN_LITERAL;
  std::string principal = "User:app";
  rd_kafka_AclPermissionType_t permission = RD_KAFKA_ACL_PERMISSION_TYPE_ALLOW;
};

// An administrator at work, on the door where nobody is asked for a password.
class Administrator {
 public:
  explicit Administrator(const Cluster& cluster) {
    rd_kafka_conf_t* conf = rd_kafka_conf_new();
    char error[256];
    rd_kafka_conf_set(conf, "bootstrap.servers", cluster.bootstrap().c_str(), error, sizeof error);
    client_ = rd_kafka_new(RD_KAFKA_PRODUCER, conf, error, sizeof error);
    queue_ = rd_kafka_queue_new(client_);
  }
  ~Administrator() {
    rd_kafka_queue_destroy(queue_);
    rd_kafka_destroy(client_);
  }
  void Add(const Grant& grant) {
    rd_kafka_AclBinding_t* acl = Make(grant, rd_kafka_AclBinding_new);
    rd_kafka_CreateAcls(client_, &acl, 1, nullptr, queue_);
    rd_kafka_event_destroy(Answer());
    rd_kafka_AclBinding_destroy(acl);
  }
  void Remove(const Grant& grant) {
    rd_kafka_AclBinding_t* filter = Make(grant, rd_kafka_AclBindingFilter_new);
    rd_kafka_DeleteAcls(client_, &filter, 1, nullptr, queue_);
    rd_kafka_event_destroy(Answer());
    rd_kafka_AclBinding_destroy(filter);
  }
  // "ALLOW User:app READ TOPIC LITERAL t-orders", on topics, of every principal but klink.
  std::set<std::string> List() {
    char error[256];
    rd_kafka_AclBindingFilter_t* all = rd_kafka_AclBindingFilter_new(
        RD_KAFKA_RESOURCE_TOPIC, nullptr, RD_KAFKA_RESOURCE_PATTERN_ANY, nullptr, nullptr, RD_KAFKA_ACL_OPERATION_ANY,
        RD_KAFKA_ACL_PERMISSION_TYPE_ANY, error, sizeof error);
    rd_kafka_DescribeAcls(client_, all, nullptr, queue_);
    rd_kafka_event_t* event = Answer();
    size_t count = 0;
    const auto* acls = rd_kafka_DescribeAcls_result_acls(rd_kafka_event_DescribeAcls_result(event), &count);
    std::set<std::string> lines;
    for (size_t i = 0; i < count; i++) {
      const std::string principal = rd_kafka_AclBinding_principal(acls[i]);
      if (principal == "User:klink") continue;
      lines.insert(fmt::format("{} {} {} {} {} {}",
                               rd_kafka_AclPermissionType_name(rd_kafka_AclBinding_permission_type(acls[i])), principal,
                               rd_kafka_AclOperation_name(rd_kafka_AclBinding_operation(acls[i])),
                               rd_kafka_ResourceType_name(rd_kafka_AclBinding_restype(acls[i])),
                               rd_kafka_ResourcePatternType_name(rd_kafka_AclBinding_resource_pattern_type(acls[i])),
                               rd_kafka_AclBinding_name(acls[i])));
    }
    rd_kafka_event_destroy(event);
    rd_kafka_AclBinding_destroy(all);
    return lines;
  }

 private:
  static rd_kafka_AclBinding_t* Make(const Grant& grant, decltype(&rd_kafka_AclBinding_new) make) {
    char error[256] = "";
    rd_kafka_AclBinding_t* acl = make(grant.resource, grant.name.c_str(), grant.pattern, grant.principal.c_str(), "*",
                                      grant.operation, grant.permission, error, sizeof error);
    if (acl == nullptr) throw std::runtime_error(error);
    return acl;
  }
  rd_kafka_event_t* Answer() {
    rd_kafka_event_t* event = rd_kafka_queue_poll(queue_, 20'000);
    if (event == nullptr || rd_kafka_event_error(event) != RD_KAFKA_RESP_ERR_NO_ERROR)
      throw std::runtime_error(event == nullptr ? "no answer about ACLs" : rd_kafka_event_error_string(event));
    return event;
  }
  rd_kafka_t* client_ = nullptr;
  rd_kafka_queue_t* queue_ = nullptr;
};

class Rights : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    dir_ = std::make_unique<TempDir>("rights");
    WriteFile(dir_->path() / "admin.properties", kAdmin);
    WriteFile(dir_->path() / "password", "s3cret");
    fs::create_directories(dir_->path() / "bin");
    WriteFile(dir_->path() / "bin" / "kafka-acls.sh",
              "#!/bin/sh\nfor word in \"$@\"; do echo \"$word\"; done >> \"$ACL_LINES\"\necho >> \"$ACL_LINES\"\n");
    fs::permissions(dir_->path() / "bin" / "kafka-acls.sh", fs::perms::owner_all);
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
        "    quotas: {enabled: true, interval: 1s}";
    return file;
  }

  // The plan as an administrator runs it: by a shell, with Kafka's own tool.
  static void RunPlan(const std::string& script) {
    const fs::path lines = dir_->path() / "lines";
    fs::remove(lines);
    WriteFile(dir_->path() / "plan.sh", script);
    const std::string shell =
        fmt::format("cd {0} && ACL_LINES=lines PATH={0}/bin:$PATH sh plan.sh", dir_->path().string());
    const Outcome read = RunToEnd({{"/bin/sh", "-c", shell}});
    if (read.exit_code != 0) throw std::runtime_error("the plan is no script: " + read.err);
    std::string text = ReadFile(lines);
    const std::string relative = "\nadmin.properties\n";
    const std::string absolute = "\n" + (dir_->path() / "admin.properties").string() + "\n";
    for (size_t at = 0; (at = text.find(relative, at)) != std::string::npos;)
      text.replace(at, relative.size(), absolute);
    WriteFile(lines, text);
    const Outcome run = pair_->source.Tool(KLINK_ACL_LINES, {lines.string()});
    if (run.exit_code != 0 || run.err.find("Error") != std::string::npos)
      throw std::runtime_error("kafka-acls: " + run.out + run.err);
  }
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

TEST_F(Rights, WhatThePlanPrintsIsEnoughForEverything) {
  CreateTopic(pair_->source, "t-plain", 2);
  Produce(pair_->source, "t-plain", SampleRecords(500, 2));
  CreateTopic(pair_->source, "t-trimmed", 1);
  Produce(pair_->source, "t-trimmed", SampleRecords(300, 1));
  DeleteRecords(pair_->source, "t-trimmed", 0, 200);
  CreateTopic(pair_->source, "t-transactions", 1);
  ProduceTransactions(pair_->source, "t-transactions", 1, 6);
  for (const char* topic : {"t-plain", "t-trimmed", "t-transactions"}) {
    AwaitMirrored(pair_->source, pair_->destination, topic);
    EXPECT_EQ(OracleOnIdentical(pair_->source, pair_->destination, topic), "") << topic;
    EXPECT_EQ(VerifyComplaint(*agent_, topic), "") << topic;
  }
  EXPECT_EQ(RangeOf(pair_->destination, "t-trimmed", 0)->start, 200);
  AddPartitions(pair_->source, "t-plain", 3);
  Await("a third partition", seconds(30), [] { return PartitionCount(pair_->destination, "t-plain") == 3; });
  const Outcome valid = RunToEnd({{KlinkBinary(), "validate", "--connect", "-c", agent_->config().string()}});
  EXPECT_EQ(valid.exit_code, 0) << valid.out << valid.err;
  EXPECT_THAT(valid.out, Not(HasSubstr("needs")));
  EXPECT_THAT(valid.out, Not(HasSubstr("also grants"))) << "the plan grants no more than is needed";
  EXPECT_THAT(agent_->LogText(), Not(HasSubstr("AUTHORIZATION")));
  EXPECT_THAT(LinkText(), Not(HasSubstr("IN_ERROR")));
}

TEST_F(Rights, GrantsThatWouldLetOthersWriteWaitForThePromotion) {
  CreateTopic(pair_->source, "t-orders", 1);
  AwaitMirrored(pair_->source, pair_->destination, "t-orders");
  at_destination_->Add({.name = "t-orders", .principal = "User:local"});
  const Grant read{.name = "t-", .pattern = RD_KAFKA_RESOURCE_PATTERN_PREFIXED};
  const Grant odd{.name = "t-orders", .principal = "User:CN=Ann B., O=Ex"};
  const Grant write{.name = "t-orders", .operation = RD_KAFKA_ACL_OPERATION_WRITE};
  const Grant all{.name = "t-orders", .operation = RD_KAFKA_ACL_OPERATION_ALL, .principal = "User:app-2"};
  const Grant deny{.name = "t-orders", .principal = "User:app-2", .permission = RD_KAFKA_ACL_PERMISSION_TYPE_DENY};
  const Grant other{.name = "t-orders", .principal = "User:somebody"};
  for (const Grant& grant : {read, odd, write, all, deny, other}) at_source_->Add(grant);
  AwaitAt(*at_destination_, "ALLOW User:app READ TOPIC PREFIXED t-");
  AwaitAt(*at_destination_, "ALLOW User:CN=Ann B., O=Ex READ TOPIC LITERAL t-orders");
  AwaitAt(*at_destination_, "DENY User:app-2 READ TOPIC LITERAL t-orders");
  AwaitAt(*at_destination_, "ALLOW User:app-2 DESCRIBE_CONFIGS TOPIC LITERAL t-orders");
  AwaitText("what is held", [] { return agent_->Cli({"acl", "list"}).out; }, "WRITE");
  const std::string shown = agent_->Cli({"acl", "list"}).out;
  EXPECT_THAT(shown, testing::ContainsRegex("held +ALLOW +User:app +WRITE +TOPIC t-orders"));
  EXPECT_THAT(shown, testing::ContainsRegex("held +ALLOW +User:app-2 +ALL +TOPIC t-orders"));
  EXPECT_THAT(agent_->Get("/v1/links/paris-to-lyon/acls").value_or(""), HasSubstr("\"held\""));
  for (const std::string& line : at_destination_->List()) {
    EXPECT_THAT(line, Not(HasSubstr(" WRITE ")));
    EXPECT_THAT(line, Not(HasSubstr(" ALL ")));
    EXPECT_THAT(line, Not(HasSubstr("somebody")));
  }
  at_source_->Remove(odd);
  Await("the end of a grant", seconds(30),
        [] { return !at_destination_->List().contains("ALLOW User:CN=Ann B., O=Ex READ TOPIC LITERAL t-orders"); });
  EXPECT_TRUE(at_destination_->List().contains("ALLOW User:local READ TOPIC LITERAL t-orders")) << "klink's it is not";
  at_destination_->Add({.name = "t-orders", .operation = RD_KAFKA_ACL_OPERATION_WRITE, .principal = "User:local"});
  const Outcome valid = RunToEnd({{KlinkBinary(), "validate", "--connect", "-c", agent_->config().string()}});
  EXPECT_THAT(valid.out, HasSubstr("lets others change a mirror: ALLOW User:local WRITE on topic t-orders"));
}

TEST_F(Rights, QuotasFollowTheSource) {
  const auto shown = [] {
    const Cluster& cluster = pair_->destination;
    return pair_->destination
        .Tool("kafka.admin.ConfigCommand", {"--bootstrap-server", cluster.bootstrap(), "--entity-type", "users",
                                            "--entity-name", "app", "--describe"})
        .out;
  };
  SetQuota("1048576");
  AwaitText("a quota", shown, "producer_byte_rate=1048576");
  SetQuota("");
  Await("its end", seconds(30), [&] { return shown().find("producer_byte_rate") == std::string::npos; });
}

TEST_F(Rights, EachRightThatIsTakenAwayHasItsOwnError) {
  const auto mirror = [](const std::string& topic) {
    return [topic] { return agent_->Cli({"mirror", "describe", topic, "-o", "json"}).out; };
  };
  struct Case {
    bool at_source;
    std::string resource, operation, name;  // as the plan and as errors write them
    std::function<std::string()> shown;
    std::string sentence;
    std::function<void()> use = [] {};
  };
  CreateTopic(pair_->source, "t-rights", 1);
  Produce(pair_->source, "t-rights", SampleRecords(10, 1));
  AwaitMirrored(pair_->source, pair_->destination, "t-rights");
  int topics = 0;
  const auto append = [] { Produce(pair_->source, "t-rights", SampleRecords(10, 1)); };
  const auto create = [&topics] { CreateTopic(pair_->source, fmt::format("t-new-{}", ++topics), 1); };
  std::vector<Case> cases = {
      {true, "--topic t-", "Read", "READ", mirror("t-rights"), "data needs READ on topic t-rights", append},
      {false, "--cluster", "Alter", "ALTER", LinkText, "acl sync needs ALTER on the cluster",
       [] { at_source_->Add({.name = "t-rights"}); }},
      {false, "--topic t-", "Create", "CREATE", [] { return agent_->Cli({"mirror", "errors"}).out; },
       "a new mirror needs CREATE on topic t-new-", create},
  };
  const auto errors = [] { return agent_->Cli({"mirror", "errors", "-o", "json"}).out; };
  const auto grow = [] { AddPartitions(pair_->source, "t-rights", PartitionCount(pair_->source, "t-rights") + 1); };
  const auto create_trimmed = [&topics] {
    const std::string topic = fmt::format("t-new-{}", ++topics);
    CreateTopic(pair_->source, topic, 1);
    Produce(pair_->source, topic, SampleRecords(10, 1));
    DeleteRecords(pair_->source, topic, 0, 5);
  };
  const std::vector<Case> others = {
      {true, "--topic t-", "DescribeConfigs", "DESCRIBE_CONFIGS", errors,
       "topic configs needs DESCRIBE_CONFIGS on topic t-new-", create},
      {true, "--cluster", "Describe", "DESCRIBE", LinkText, "acl sync needs DESCRIBE on the cluster"},
      {true, "--cluster", "DescribeConfigs", "DESCRIBE_CONFIGS", LinkText,
       "quota sync needs DESCRIBE_CONFIGS on the cluster"},
      {false, "--topic t-", "Write", "WRITE", mirror("t-rights"), "data needs WRITE on topic t-rights", append},
      {false, "--topic t-", "Read", "READ", errors, "reading the log needs READ on topic t-new-", create},
      {false, "--topic t-", "Alter", "ALTER", errors, "new partitions needs ALTER on topic t-rights", grow},
      {false, "--topic t-", "AlterConfigs", "ALTER_CONFIGS", errors,
       "topic configs needs ALTER_CONFIGS on topic t-new-", create},
      {false, "--topic t-", "Delete", "DELETE", errors, "prefill and trim needs DELETE on topic t-new-",
       create_trimmed},
      {false, "--cluster", "AlterConfigs", "ALTER_CONFIGS", LinkText, "quota sync needs ALTER_CONFIGS on the cluster",
       [] { SetQuota("2048"); }},
      {false, "--group _klink", "Read", "", LinkText, "leadership needs READ on groups _klink.paris-to-lyon.*"},
      {false, "--topic _klink", "Write", "WRITE", LinkText,
       "the link's state needs WRITE on topics _klink.paris-to-lyon.*", create},
      {false, "--transactional-id", "Write", "WRITE", LinkText,
       "the link's state needs WRITE on transactional ids klink.paris-to-lyon*", create},
  };
  if (std::getenv("KLINK_FULL") != nullptr) cases.insert(cases.end(), others.begin(), others.end());
  for (const Case& one : cases) {
    const Cluster& cluster = one.at_source ? pair_->source : pair_->destination;
    Alter(Change::kRemove, cluster.bootstrap(kSasl), one.resource, one.operation);
    one.use();
    AwaitText("the error", one.shown, one.sentence);
    AwaitText("its name", one.shown, "AUTHORIZATION_ERROR");
    const Outcome valid = RunToEnd({{KlinkBinary(), "validate", "--connect", "-c", agent_->config().string()}});
    if (!one.name.empty()) {  // of groups and ids klink does not ask
      EXPECT_EQ(valid.exit_code, 77) << one.sentence;
      EXPECT_THAT(valid.out + valid.err, HasSubstr("needs " + one.name + " on ")) << one.sentence;
    }
    Alter(Change::kAdd, cluster.bootstrap(kSasl), one.resource, one.operation);
    Await("everything goes on", seconds(40), [&] { return one.shown().find(one.sentence) == std::string::npos; });
  }
  AwaitMirrored(pair_->source, pair_->destination, "t-rights");
}

}  // namespace
}  // namespace klink::it
