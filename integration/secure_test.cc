// Clusters that want to know who speaks, and to be known: each mechanism with its kind of TLS carries the core of the
// mirror suite, each way in which it can be wrong has a sentence that an operator reads, and what is renewed is taken
// up under load.
#include <set>

#include <signal.h>

#include "integration/secure_fixture.h"

namespace klink::it {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST_F(SecureTest, ScramOverTls13) {
  ExpectMirrored("SCRAM512", fmt::format("security.protocol: SASL_SSL, {}, {}", User("SCRAM-SHA-512"), Trusted()),
                 "t-scram512");
}

TEST_F(SecureTest, PlainOverTls12) {
  ExpectMirrored("PLAIN12", fmt::format("security.protocol: SASL_SSL, {}, {}", User("PLAIN"), Trusted()), "t-plain");
}

TEST_F(SecureTest, CertificatesAlone) {
  ExpectMirrored("MTLS",
                 fmt::format("security.protocol: SSL, {}, ssl.keystore.location: {}, ssl.keystore.password: {}",
                             Trusted(), File("klink.p12"), Secret("keystore-password")),
                 "t-mtls");
}

TEST_F(SecureTest, Scram256WithoutTls) {
  ExpectMirrored("SCRAM256", "security.protocol: SASL_PLAINTEXT, " + User("SCRAM-SHA-256"), "t-scram256");
}

TEST_F(SecureTest, EachWayToBeWrongHasItsSentence) {
  for (const Way& one : WaysToBeWrong()) {
    const Outcome outcome = Validate(one.address, one.keys);
    EXPECT_THAT(outcome.out + outcome.err, HasSubstr(one.sentence));
    EXPECT_EQ(outcome.exit_code, one.exit_code) << one.sentence;
    EXPECT_THAT(outcome.out + outcome.err, Not(HasSubstr("canary")));
  }
}

// One agent whose links each go somewhere wrong: each says why, and goes on trying with pauses.
TEST_F(SecureTest, EachWayToBeWrongHasItsSentenceInTheLinksState) {
  const std::vector<Way> ways = WaysToBeWrong();
  const int port = FreePort();
  std::string clusters, links;
  for (size_t n = 0; n < ways.size(); ++n) {
    clusters += fmt::format("  wrong{}: {{bootstrap.servers: \"{}\"{}}}\n", n, ways[n].address,
                            ways[n].keys.empty() ? "" : ", " + ways[n].keys);
    links += fmt::format(
        "  - {{name: wrong-{0}, source: right, destination: wrong{0}, topics: {{include: [{{prefix: x-}}]}}}}\n", n);
  }
  const std::string config =
      Write("wrong.yaml",
            fmt::format("agent: {{data_dir: {}, http: {{listen: \"127.0.0.1:{}\"}}, audit: {{topic: false}}}}\n"
                        "clusters:\n  right: {{bootstrap.servers: \"{}\"}}\n{}links:\n{}",
                        (dir_->path() / "wrong-data").string(), port, pair_->destination.bootstrap(), clusters, links));
  const fs::path log = dir_->path() / "wrong.log";
  Process agent({{KlinkBinary(), "run", "-c", config}}, log);
  for (size_t n = 0; n < ways.size(); ++n) {
    std::string shown;
    const bool told = Eventually(seconds(30), [&] {
      shown = HttpGet(port, fmt::format("/v1/links/wrong-{}", n)).value_or(HttpAnswer()).body;
      return shown.find(ways[n].sentence) != std::string::npos;
    });
    EXPECT_TRUE(told) << ways[n].sentence << "\n" << shown << "\n" << LastLines(log, 5);
  }
  EXPECT_EQ(agent.End(seconds(15)), 0);
  const std::string text = ReadFile(log);
  EXPECT_LT(std::count(text.begin(), text.end(), '\n'), 200);
}

TEST_F(SecureTest, SessionsAreRenewedUnderLoadWithoutALostRequest) {
  const std::string keys = fmt::format("security.protocol: SASL_SSL, {}, {}", User("SCRAM-SHA-512"), Trusted());
  ExpectNoErrorUnderLoad("SCRAM512", keys, "t-reauth", [](Agent&, const Load& load) {
    Await("three sessions' worth of load", seconds(60), [&] { return load.acked() > 2000 * 16; });
  });
}

TEST_F(SecureTest, TokensAreFetchedAnewAndSessionsRenewedWithThem) {
  const TokenEndpoint endpoint;
  const std::string keys = fmt::format("security.protocol: SASL_SSL, {}, {}", Trusted(), Bearer(endpoint));
  ExpectNoErrorUnderLoad("OAUTH", keys, "t-oauth", [&](Agent&, const Load&) {
    const int before = endpoint.asked();
    Await("new tokens", seconds(30), [&] { return endpoint.asked() >= before + 3; });
  });
}

TEST_F(SecureTest, ARenewedCertificateAndAuthorityAreTakenUpUnderLoadWithoutALostRequest) {
  const auto issue = [](long ends_s) {
    const fake::Issued issued = authority_->Issue({.name = "klink", .alternative = "", .ends_s = ends_s});
    Write("rotated.key", issued.key());
    Write("rotated.pem", issued.certificate());
  };
  issue(3600);
  Write("rotated-ca.pem", authority_->certificate());
  const std::string keys =
      fmt::format("security.protocol: SSL, ssl.ca.location: {}, ssl.certificate.location: {}, ssl.key.location: {}",
                  File("rotated-ca.pem"), File("rotated.pem"), File("rotated.key"));
  ExpectNoErrorUnderLoad("MTLS", keys, "t-rotated", [&](Agent& agent, const Load& load) {
    const auto ends = [&](const std::string& cluster, const std::string& kind = "client_certificate") {
      return Sample(
                 *agent.Get("/metrics"),
                 fmt::format("klink_credential_expiry_timestamp_seconds{{cluster=\"{}\",kind=\"{}\"}}", cluster, kind))
          .value_or(0);
    };
    const double source = ends("paris"), destination = ends("lyon");
    EXPECT_GT(source, 1.6e9);
    issue(7200);
    Await("the new certificate on both sides", seconds(30),
          [&] { return ends("paris") > source + 1800 && ends("lyon") > destination + 1800; });
    const double authority = ends("paris", "ca_certificate");
    const fake::Authority next("the next authority", 3600);
    Write("rotated-ca.pem", next.certificate() + authority_->certificate());
    Await("both authorities", seconds(30), [&] { return ends("paris", "ca_certificate") < authority - 1800; });
    const int64_t then = load.acked();
    Await("more load", seconds(30), [&] { return load.acked() > then + 4000; });
  });
}

// The connections there are outlive the password; the file brings the next one, and they are made again one by one.
TEST_F(SecureTest, ARenewedPasswordIsTakenUpUnderLoadWithoutALostRequest) {
  const auto sockets = [](const Agent& agent) {
    std::set<std::string> inodes;
    for (const auto& entry : fs::directory_iterator(fmt::format("/proc/{}/fd", agent.pid()))) {
      std::error_code ignored;
      inodes.insert(fs::read_symlink(entry.path(), ignored).string());
    }
    return inodes;
  };
  const std::string keys = "security.protocol: SASL_PLAINTEXT, " + User("SCRAM-SHA-256", "rotated-password");
  ExpectNoErrorUnderLoad("SCRAM256", keys, "t-password", [&](Agent& agent, const Load& load) {
    for (Cluster* cluster : {&pair_->source, &pair_->destination}) {
      const Outcome changed =
          cluster->Tool("kafka.admin.ConfigCommand",
                        {"--bootstrap-server", cluster->bootstrap(), "--entity-type", "users", "--entity-name", "klink",
                         "--alter", "--add-config", "SCRAM-SHA-256=[password=next-canary]"});
      ASSERT_EQ(changed.exit_code, 0) << changed.out << changed.err;
    }
    const std::set<std::string> before = sockets(agent);
    Write("rotated-password", "next-canary");
    Await("connections made with it", seconds(30), [&] {
      int made = 0;
      for (const std::string& inode : sockets(agent)) made += inode.starts_with("socket:") && !before.contains(inode);
      return made >= 3;
    });
    const int64_t then = load.acked();
    Await("more load", seconds(30), [&] { return load.acked() > then + 4000; });
  });
}

TEST_F(SecureTest, EveryMechanismOverEveryTls) {
  if (!EveryDoor()) GTEST_SKIP() << "nightly: KLINK_EVERY_DOOR=1";
  const TokenEndpoint endpoint;
  for (const Door& door : EveryDoorThereIs()) {
    SCOPED_TRACE(door.mechanism + " " + door.tls);
    std::string keys = fmt::format("security.protocol: {}{}", door.mechanism.empty() ? "" : "SASL_",
                                   door.tls.empty() ? "PLAINTEXT" : "SSL");
    if (!door.tls.empty()) keys += ", " + Trusted();
    if (door.mechanism.empty()) {
      keys += fmt::format(", ssl.keystore.location: {}, ssl.keystore.password: {}", File("klink.p12"),
                          Secret("keystore-password"));
    } else if (door.mechanism == "OAUTHBEARER") {
      keys += ", " + Bearer(endpoint);
    } else {
      keys += ", " + User(door.mechanism, door.mechanism == "SCRAM-SHA-256" ? "rotated-password" : "password");
    }
    std::string name = "t-" + door.listener;
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
    ExpectMirrored(door.listener, keys, name);
  }
}

TEST_F(SecureTest, AWrongPasswordIsSaidInTheLinksStateAndACorrectedOneIsTakenUp) {
  CreateTopic(pair_->source, "t-corrected", 1);
  Produce(pair_->source, "t-corrected", SampleRecords(100, 1));
  Write("later-password", "not-it");
  Agent agent(LinkThrough(
      "SCRAM512",
      fmt::format("security.protocol: SASL_SSL, {}, {}", User("SCRAM-SHA-512", "later-password"), Trusted()),
      "t-corrected"));
  agent.Start();
  Await("the reason in the link's state", seconds(30), [&] {
    const Outcome link = agent.Cli({"link", "describe", "-o", "json"});
    return link.out.find("AUTHORIZATION_ERROR") != std::string::npos &&
           link.out.find("refuses user klink") != std::string::npos;
  });
  EXPECT_EQ(agent.GetStatus("/livez"), 200);
  Write("later-password", kPassword);
  AwaitMirrored(pair_->source, pair_->destination, "t-corrected");
}

// Everything an agent shows, keeps or writes elsewhere, as one text.
std::string Shown(const Agent& agent, const std::string& link) {
  std::string shown;
  for (const std::string& path :
       {std::string("/v1/status"), std::string("/v1/links"), "/v1/links/" + link, "/v1/links/" + link + "/mirrors",
        std::string("/metrics"), std::string("/v1/audit"), std::string("/v1/config")}) {
    const auto body = agent.Get(path);
    EXPECT_TRUE(body.has_value()) << path;
    shown += body.value_or("");
  }
  for (const std::vector<std::string>& verb : std::vector<std::vector<std::string>>{{"status", "-v", "-o", "json"},
                                                                                    {"validate"},
                                                                                    {"validate", "--connect", "-v"},
                                                                                    {"link", "describe"},
                                                                                    {"audit", "tail"},
                                                                                    {"audit", "verify"}}) {
    const Outcome outcome = agent.Cli(verb);
    shown += outcome.out + outcome.err;
  }
  return shown;
}

std::string FilesIn(const fs::path& dir, const std::string& beginning = "") {
  std::string all;
  for (const auto& entry : fs::recursive_directory_iterator(dir)) {
    const bool wanted = entry.path().string().find(beginning) != std::string::npos;
    if (wanted && entry.is_regular_file()) all += ReadFile(entry.path());
  }
  return all;
}

// Every secret there is, once right and once wrong; then everything that klink shows, keeps and leaves behind in a
// crash is searched for them.
TEST_F(SecureTest, NoSecretIsShownAnywhere) {
  const fake::Issued own = authority_->Issue({.name = "klink", .alternative = ""});
  Write("planted.pem", own.certificate());
  Write("planted.key", own.key("key-canary"));
  Write("planted.p12", own.pkcs12("keystore-canary"));
  Write("secrets", "key=key-canary\nkeystore=keystore-canary\nclient=client-canary\nwrong=wrong-canary\n");
  setenv("KLINK_CANARY", "env-canary", 1);
  const TokenEndpoint endpoint;
  const auto secret = [](const std::string& key) { return fmt::format("\"${{file:{}:{}}}\"", File("secrets"), key); };
  const auto pem = [&](const std::string& key) {
    return fmt::format("ssl.certificate.location: {}, ssl.key.location: {}, ssl.key.password: {}", File("planted.pem"),
                       File("planted.key"), secret(key));
  };
  const auto keystore = [&](const std::string& key) {
    return fmt::format("ssl.keystore.location: {}, ssl.keystore.password: {}", File("planted.p12"), secret(key));
  };
  const auto user = [](const std::string& reference) {
    return fmt::format("sasl.mechanism: SCRAM-SHA-512, sasl.username: klink, sasl.password: \"{}\"", reference);
  };
  const std::string scram = pair_->source.bootstrap("SCRAM512"), sasl = "security.protocol: SASL_SSL, " + Trusted();
  const std::string bearer = fmt::format(
      "sasl.mechanism: OAUTHBEARER, sasl.oauthbearer.client.id: klink, sasl.oauthbearer.client.secret: {}, "
      "sasl.oauthbearer.token.endpoint.url: \"{}\"",
      secret("client"), endpoint.url());
  struct Case {
    std::string source, source_keys, destination, destination_keys;
  };
  const Case kCases[] = {
      {scram, fmt::format("{}, {}, {}", sasl, User("SCRAM-SHA-512"), pem("key")), pair_->destination.bootstrap("OAUTH"),
       fmt::format("{}, {}, {}", sasl, bearer, keystore("keystore"))},
      {scram, fmt::format("{}, {}, {}", sasl, user("${env:KLINK_CANARY}"), pem("key")),
       pair_->destination.bootstrap("SCRAM512"),
       fmt::format("{}, {}, {}", sasl, user("${env:KLINK_NOT_SET:-default-canary}"), keystore("keystore"))},
      {scram, fmt::format("{}, {}, {}", sasl, User("SCRAM-SHA-512"), pem("wrong")),
       pair_->destination.bootstrap("SCRAM512"),
       fmt::format("{}, {}, {}", sasl, User("SCRAM-SHA-512"), keystore("wrong"))},
  };
  int number = 0;
  for (const Case& one : kCases) {
    LinkFile file;
    file.link = fmt::format("planted-{}", number);
    file.agent_id = file.link;
    file.source = one.source;
    file.source_security = one.source_keys;
    file.destination = one.destination;
    file.destination_security = one.destination_keys;
    Agent agent(file, "planted");
    agent.Start();
    Await("success, or the refusal of both sides", seconds(40), [&] {
      return agent.GetStatus("/readyz") == 200 ||
             agent.LogText().find("level=warning event=KL1102") != std::string::npos;
    });
    EXPECT_EQ(agent.GetStatus("/readyz") == 200, number == 0) << agent.LogText();
    std::string shown = Shown(agent, file.link);
    EXPECT_THAT(shown, HasSubstr(number == 1 ? "${env:KLINK_NOT_SET:-***}" : "planted.key"));
    EXPECT_THAT(ReadFile(fmt::format("/proc/{}/limits", agent.pid())),
                testing::ContainsRegex("Max core file size +0 +0 "));
    kill(agent.pid(), number == 1 ? SIGABRT : SIGSEGV);
    EXPECT_NE(agent.Wait(seconds(10)), std::optional(0));
    shown += agent.LogText() + FilesIn(agent.data_dir());
    EXPECT_EQ(shown.find("canary"), std::string::npos) << shown.substr(shown.find("canary") - 200, 300);
    number++;
  }
  EXPECT_THAT(FilesIn(pair_->destination.DataDir(0), "_klink.planted"), Not(HasSubstr("canary")));
}

}  // namespace
}  // namespace klink::it
