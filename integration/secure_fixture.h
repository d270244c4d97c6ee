// Two clusters that want to know who speaks, and to be known: every listener is one more door of the same two brokers.
// With KLINK_EVERY_DOOR set (nightly) there is a door for each mechanism over each version of TLS.
#pragma once

#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "integration/mirror_core.h"
#include "integration/mirror_fixture.h"
#include "tests/fake/certificates.h"

namespace klink::it {

inline constexpr int kUnreachable = 69, kNotAuthorised = 77;  // exit codes
inline constexpr char kPassword[] = "s3cret-canary";

inline std::string Base64Url(const std::string& text) {
  std::string out(4 * ((text.size() + 2) / 3) + 1, '\0');
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), reinterpret_cast<const unsigned char*>(text.data()),
                  static_cast<int>(text.size()));
  out.resize(out.find_first_of("=\0", 0, 2));
  std::replace(out.begin(), out.end(), '+', '-');
  std::replace(out.begin(), out.end(), '/', '_');
  return out;
}

// Gives everybody who asks a token for "klink" that lives for ten seconds; unsigned, as Kafka's own validator for
// development takes it.
class TokenEndpoint {
 public:
  TokenEndpoint() : port_(FreePort()), listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<uint16_t>(port_));
    if (bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 || listen(listener_, 16) != 0)
      throw std::runtime_error("no token endpoint");
    thread_ = std::thread([this] { Serve(); });
  }
  ~TokenEndpoint() {
    shutdown(listener_, SHUT_RDWR);
    thread_.join();
    close(listener_);
  }
  std::string url() const { return fmt::format("http://127.0.0.1:{}/token", port_); }
  int asked() const { return asked_; }

 private:
  static constexpr int kLife_s = 10;
  void Serve() {
    for (int client = 0; (client = accept(listener_, nullptr, nullptr)) >= 0; close(client)) {
      char request[4096];
      if (recv(client, request, sizeof request, 0) <= 0) continue;
      const auto now = std::chrono::duration_cast<seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
      const std::string claims = fmt::format("{{\"sub\":\"klink\",\"iat\":{},\"exp\":{}}}", now, now + kLife_s);
      const std::string token = Base64Url("{\"alg\":\"none\"}") + "." + Base64Url(claims) + ".";
      const std::string body = fmt::format("{{\"access_token\":\"{}\",\"expires_in\":{}}}", token, kLife_s);
      const std::string answer = fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{}", body.size(), body);
      asked_++;
      (void)send(client, answer.data(), answer.size(), MSG_NOSIGNAL);
    }
  }

  int port_;
  int listener_;
  std::atomic<int> asked_ = 0;
  std::thread thread_;
};

class SecureTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    dir_ = std::make_unique<TempDir>("secure");
    authority_ = std::make_unique<fake::Authority>("klink test authority");
    Write("ca.pem", authority_->certificate());
    Write("other-ca.pem", fake::Authority("somebody else").certificate());
    const fake::Issued agent = authority_->Issue({.name = "klink", .alternative = ""});
    Write("klink.p12", agent.pkcs12("changeit"));
    Write("klink.pem", agent.certificate());
    Write("klink.key", agent.key("open-sesame"));
    Write("password", kPassword);
    Write("rotated-password", kPassword);  // of SCRAM-SHA-256: one test changes it
    Write("wrong-password", "not-it");
    Write("keystore-password", "changeit");
    Write("key-password", "open-sesame");
    pair_ = std::make_unique<ClusterPair>(Options("source"), Options("destination"));
  }
  static void TearDownTestSuite() {
    const bool failed = testing::UnitTest::GetInstance()->current_test_suite()->Failed();
    if (failed && pair_ != nullptr) pair_->source.KeepFiles(), dir_->Keep();
    pair_.reset();
    dir_.reset();
  }

  static std::string Write(const std::string& name, const std::string& text) {
    WriteFile(dir_->path() / name, text);
    return (dir_->path() / name).string();
  }
  static std::string File(const std::string& name) { return (dir_->path() / name).string(); }
  static std::string Secret(const std::string& name) { return fmt::format("\"${{file:{}}}\"", File(name)); }

  static Settings Tls(const std::string& keystore, const fake::Subject& subject = {}) {
    const fake::Issued issued = authority_->Issue(subject);
    return {{"ssl.keystore.type", "PEM"},
            {"ssl.keystore.location", Write(keystore + ".pem", issued.key() + issued.certificate())},
            {"ssl.truststore.type", "PEM"},
            {"ssl.truststore.location", File("ca.pem")}};
  }
  static Settings Sasl(const std::string& mechanism, const std::string& module, Settings more = {}) {
    return SaslWith(mechanism, module + " required", std::move(more));
  }
  static Settings SaslWith(const std::string& mechanism, const std::string& module, Settings more) {
    std::string lower = mechanism;
    std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
    more["sasl.enabled.mechanisms"] = mechanism;
    more[lower + ".sasl.jaas.config"] = "org.apache.kafka.common.security." + module + ";";
    return more;
  }
  static Settings With(Settings settings, const std::string& key, const std::string& value) {
    settings[key] = value;
    return settings;
  }
  // Each mechanism over TLS 1.2, TLS 1.3 and none; certificates of clients over both.
  struct Door {
    std::string listener;
    std::string mechanism;  // empty: a client's certificate
    std::string tls;        // empty: none
    std::string module;
  };
  static std::vector<Door> EveryDoorThereIs() {
    std::vector<Door> doors;
    const std::string plain = fmt::format("plain.PlainLoginModule required user_klink=\"{}\"", kPassword);
    const std::pair<std::string, std::string> kMechanisms[] = {
        {"PLAIN", plain},
        {"SCRAM-SHA-256", "scram.ScramLoginModule required"},
        {"SCRAM-SHA-512", "scram.ScramLoginModule required"},
        {"OAUTHBEARER", "oauthbearer.OAuthBearerLoginModule required"},
        {"", ""}};
    for (const auto& [mechanism, module] : kMechanisms) {
      for (const std::string tls : {"TLSv1.2", "TLSv1.3", ""}) {
        if (mechanism.empty() && tls.empty()) continue;
        doors.push_back({fmt::format("DOOR{}", doors.size()), mechanism, tls, module});
      }
    }
    return doors;
  }
  static bool EveryDoor() { return getenv("KLINK_EVERY_DOOR") != nullptr; }
  static void AddEveryDoor(const std::string& name, std::vector<Listener>& listeners) {
    for (const Door& door : EveryDoorThereIs()) {
      Settings settings;
      if (!door.tls.empty()) settings = With(Tls(name + door.listener), "ssl.enabled.protocols", door.tls);
      if (door.mechanism.empty()) settings["ssl.client.auth"] = "required";
      if (!door.mechanism.empty()) settings = SaslWith(door.mechanism, door.module, std::move(settings));
      const std::string sasl = door.mechanism.empty() ? "" : "SASL_";
      listeners.push_back({door.listener, sasl + (door.tls.empty() ? "PLAINTEXT" : "SSL"), std::move(settings)});
    }
  }

  static ClusterOptions Options(const std::string& name) {
    const std::string scram = "scram.ScramLoginModule";
    const std::string plain = fmt::format("plain.PlainLoginModule required user_klink=\"{}\"", kPassword);
    Settings reauth = Sasl("SCRAM-SHA-512", scram, With(Tls(name), "ssl.enabled.protocols", "TLSv1.3"));
    reauth["scram-sha-512.connections.max.reauth.ms"] = "5000";
    Settings with_plain = Sasl("PLAIN", scram, With(Tls(name), "ssl.enabled.protocols", "TLSv1.2"));
    with_plain["plain.sasl.jaas.config"] = "org.apache.kafka.common.security." + plain + ";";
    Settings bearer = Sasl("OAUTHBEARER", "oauthbearer.OAuthBearerLoginModule", Tls(name));
    bearer["oauthbearer.connections.max.reauth.ms"] = "60000";
    ClusterOptions options;
    options.name = name;
    options.listeners = {
        {"SCRAM512", "SASL_SSL", reauth},
        {"PLAIN12", "SASL_SSL", with_plain},
        {"MTLS", "SSL", With(Tls(name), "ssl.client.auth", "required")},
        {"SCRAM256", "SASL_PLAINTEXT", Sasl("SCRAM-SHA-256", scram)},
        {"OAUTH", "SASL_SSL", bearer},
        {"EXPIRED", "SSL", Tls(name + "-expired", {.begins_s = -7200, .ends_s = -3600})},
        {"ELSEWHERE", "SSL", Tls(name + "-elsewhere", {.alternative = "DNS:kafka.example"})},
    };
    if (EveryDoor()) AddEveryDoor(name, options.listeners);
    for (const char* mechanism : {"SCRAM-SHA-512", "SCRAM-SHA-256"}) {
      options.format.insert(options.format.end(),
                            {"--add-scram", fmt::format("{}=[name=klink,password={}]", mechanism, kPassword)});
    }
    return options;
  }

  static std::string Trusted() { return "ssl.ca.location: " + File("ca.pem"); }
  static std::string User(const std::string& mechanism, const std::string& password = "password") {
    return fmt::format("sasl.mechanism: {}, sasl.username: klink, sasl.password: {}", mechanism, Secret(password));
  }

  static std::string Bearer(const TokenEndpoint& endpoint) {
    return fmt::format(
        "sasl.mechanism: OAUTHBEARER, sasl.oauthbearer.client.id: klink, sasl.oauthbearer.client.secret: {}, "
        "sasl.oauthbearer.token.endpoint.url: \"{}\"",
        Secret("password"), endpoint.url());
  }

  static LinkFile LinkThrough(const std::string& listener, const std::string& keys, const std::string& topic) {
    LinkFile file;
    file.link = "through-" + topic;
    file.include = fmt::format("{{literal: {}}}", topic);
    file.source = pair_->source.bootstrap(listener);
    file.destination = pair_->destination.bootstrap(listener);
    file.source_security = file.destination_security = keys;
    return file;
  }
  static void AwaitMirroredBy(const Agent& agent, const std::string& topic) {
    try {
      AwaitMirrored(pair_->source, pair_->destination, topic, seconds(40));
    } catch (const std::runtime_error& error) {
      throw std::runtime_error(
          fmt::format("{}; the end of klink's log:\n{}", error.what(), LastLines(agent.log(), 20)));
    }
  }
  // The core of the mirror suite through that listener on both sides.
  static void ExpectMirrored(const std::string& listener, const std::string& keys, const std::string& name) {
    LinkFile file = LinkThrough(listener, keys, name);
    file.include = fmt::format("{{prefix: {}-}}", name);
    Agent agent(file);
    agent.Start();
    MirrorCore{pair_->source, pair_->destination, agent, name + "-"}.All();
    EXPECT_THAT(agent.LogText(), testing::Not(testing::HasSubstr("canary")));
    EXPECT_EQ(agent.Terminate(), 0);
  }
  // What happens under load costs no request and not the lease: what the agent asks of brokers is answered without an
  // error all the time, and it stays the one member of its group.
  static void ExpectNoErrorUnderLoad(const std::string& listener, const std::string& keys, const std::string& topic,
                                     const std::function<void(Agent&, const Load&)>& happen) {
    CreateTopic(pair_->source, topic, 2);
    Agent agent(LinkThrough(listener, keys, topic));
    agent.Start();
    Load load(pair_->source, topic, {.partitions = 2});
    Await("a running mirror", seconds(30), [&] {
      const auto range = RangeOf(pair_->destination, topic, 0);
      return range && range->end > 0;
    });
    const double errors = CounterSum(agent, "klink_request_errors_total");
    happen(agent, load);
    load.Stop();
    AwaitMirroredBy(agent, topic);
    EXPECT_EQ(CounterSum(agent, "klink_request_errors_total"), errors);
    const std::string log = agent.LogText();
    EXPECT_EQ(log.find("KL1111"), log.rfind("KL1111")) << "the lease was taken once";
    EXPECT_EQ(log.find("KL1112"), std::string::npos) << "and never lost";
    EXPECT_EQ(OracleOnIdentical(pair_->source, pair_->destination, topic), "");
    EXPECT_THAT(agent.LogText(), testing::Not(testing::HasSubstr("canary")));
  }
  struct Way {
    std::string address;
    std::string keys;
    std::string sentence;
    int exit_code;
  };
  // The ways in which a connection can be wrong, and what klink says of each.
  static std::vector<Way> WaysToBeWrong() {
    const auto at = [](const std::string& listener) { return pair_->source.bootstrap(listener); };
    const std::string tls = "security.protocol: SSL, " + Trusted();
    const std::string scram512 = fmt::format("security.protocol: SASL_SSL, {}, ", Trusted());
    return {
        {at("MTLS"), "", "the peer speaks TLS, klink was told to speak plain text", kUnreachable},
        {pair_->source.bootstrap(), tls, "as a listener without TLS does: check security.protocol", kUnreachable},
        {at("SCRAM512"), scram512 + User("SCRAM-SHA-512", "wrong-password"),
         "refuses user klink with SCRAM-SHA-512: Authentication failed during authentication due to invalid "
         "credentials "
         "with SASL mechanism SCRAM-SHA-512; correct sasl.username and sasl.password",
         kNotAuthorised},
        {at("SCRAM512"), scram512 + User("SCRAM-SHA-256"),
         "does not offer SCRAM-SHA-256 on this listener but SCRAM-SHA-512", kNotAuthorised},
        {pair_->source.bootstrap(), "security.protocol: SASL_PLAINTEXT, " + User("SCRAM-SHA-256"),
         "is a listener without SASL: set security.protocol to PLAINTEXT", kUnreachable},
        {at("EXPIRED"), tls, "the certificate /CN=broker expired on 2", kNotAuthorised},
        {at("PLAIN12"), "security.protocol: SSL, ssl.ca.location: " + File("other-ca.pem"),
         "signed by /CN=klink test authority, which is not trusted here: set ssl.ca.location", kNotAuthorised},
        {at("ELSEWHERE"), tls, "made out for kafka.example, not for 127.0.0.1", kNotAuthorised},
        {at("MTLS"), tls, "the broker wants a certificate of its clients", kNotAuthorised},
        {at("MTLS"), "security.protocol: SSL, ssl.ca.location: /nowhere.pem", "ssl.ca.location: /nowhere.pem cannot be",
         kUnreachable},
        {at("SCRAM256"), "", "check security.protocol", kUnreachable},
    };
  }

  // What `klink validate --connect` says about the source.
  static Outcome Validate(const std::string& source, const std::string& keys) {
    LinkFile file;
    file.source = source;
    file.destination = pair_->destination.bootstrap();
    file.source_security = keys;
    const std::string config = Write("validate.yaml", Yaml(file, dir_->path() / "data", FreePort()));
    return RunToEnd({{KlinkBinary(), "validate", "--connect", "-c", config}}, seconds(60));
  }

  static inline std::unique_ptr<TempDir> dir_;
  static inline std::unique_ptr<fake::Authority> authority_;
  static inline std::unique_ptr<ClusterPair> pair_;
};

}  // namespace klink::it
