// klink check: the states and the line of a monitoring plugin, and how it ends. klink lag beside it.
#include "cli/check_judge.h"
#include "tests/cli/cli_fixture.h"

namespace klink::cli {
namespace {

using testing::HasSubstr;

http::LinkView Well() {
  http::LinkView link;
  link.name = "a";
  link.state = "ACTIVE";
  link.role = "owner";
  link.mirrors = {{"ACTIVE", 3}};
  link.lag = 5;
  link.lag_seconds = 0.5;
  return link;
}

struct JudgeCase {
  const char* name;
  void (*change)(http::LinkView&);
  Health health;
  const char* text;
};

void PrintTo(const JudgeCase& c, std::ostream* out) { *out << c.name; }

class JudgeTest : public testing::TestWithParam<JudgeCase> {};

TEST_P(JudgeTest, IsAsBadAsTheWorstThingFound) {
  http::StatusView status;
  status.links = {Well()};
  GetParam().change(status.links[0]);
  CheckLimits limits;
  limits.records_warning = 100;
  const Judged judged = Judge(status, limits);
  EXPECT_EQ(judged.health, GetParam().health);
  EXPECT_EQ(judged.view.text, GetParam().text);
}

using L = http::LinkView;
INSTANTIATE_TEST_SUITE_P(
    Check, JudgeTest,
    testing::Values(
        JudgeCase{"well", [](L&) {}, Health::kOk, "a: ACTIVE, 3 mirrors, 5 records, 0.5 s behind"},
        JudgeCase{"late", [](L& l) { l.lag_seconds = 60; }, Health::kWarning, "a: 1 min 0 s behind"},
        JudgeCase{"very_late", [](L& l) { l.lag_seconds = 300; }, Health::kCritical, "a: 5 min 0 s behind"},
        JudgeCase{"many", [](L& l) { l.lag = 100; }, Health::kWarning, "a: 100 records behind"},
        JudgeCase{"failed", [](L& l) { l.mirrors["FAILED"] = 2; }, Health::kCritical, "a: 2 of its mirrors FAILED"},
        JudgeCase{"paused", [](L& l) { l.mirrors["PAUSED"] = 1; }, Health::kWarning, "a: 1 of its mirrors PAUSED"},
        JudgeCase{"stopped_is_well", [](L& l) { l.mirrors = {{"STOPPED", 3}}; }, Health::kOk,
                  "a: ACTIVE, 3 mirrors, 5 records, 0.5 s behind"},
        JudgeCase{"link_paused", [](L& l) { l.state = "PAUSED", l.reason = "rack"; }, Health::kWarning,
                  "a: PAUSED, rack"},
        JudgeCase{"source_gone", [](L& l) { l.state = "UNAVAILABLE"; }, Health::kCritical,
                  "a: UNAVAILABLE, no reason is known"},
        JudgeCase{"lag_unknown", [](L& l) { l.lag.reset(), l.lag_seconds.reset(); }, Health::kUnknown,
                  "a: the lag of some mirrors is not known"},
        JudgeCase{"lag_unknown_and_failed", [](L& l) { l.lag.reset(), l.mirrors["FAILED"] = 1; }, Health::kCritical,
                  "a: 1 of its mirrors FAILED; a: the lag of some mirrors is not known"},
        JudgeCase{"standby", [](L& l) { l.role = "standby", l.lag.reset(), l.lag_seconds.reset(), l.mirrors.clear(); },
                  Health::kOk, "a: this agent stands by"},
        JudgeCase{"nothing", [](L& l) { l.mirrors.clear(), l.lag.reset(), l.lag_seconds.reset(); }, Health::kWarning,
                  "a: nothing is mirrored yet"}),
    [](const auto& info) { return info.param.name; });

TEST(PluginLine, IsOneLineWithPerformanceData) {
  CheckView view;
  view.state = "WARNING";
  view.text = "a|b\nc";
  view.performance = {{"a_lag_seconds", 61.5, "s", 60, 300}, {"a_lag", std::nullopt, "", std::nullopt, 10}};
  EXPECT_EQ(PluginLine(view), "KLINK WARNING - a/b c | 'a_lag_seconds'=61.5s;60;300;0 'a_lag'=U;;10;0");
}

int Code(const Ran& ran) { return static_cast<int>(ran.exit); }

TEST_F(CliTest, CheckIsAMonitoringPlugin) {
  Serve();
  ExpectGolden("help_check", {"check", "--help"});
  ExpectGolden("check", {"check"});
  ExpectExample("check", {"check"});
  agent_.snapshot.links[0].mirrors.resize(2);
  ExpectGolden("check_ok", {"check"});
  ExpectGolden("check_records", {"check", "--warning-records", "3", "--critical-records", "10"});
}

TEST_F(CliTest, CheckEndsWithUnknownOnAWrongCommandLine) {
  Serve();
  EXPECT_EQ(Code(Run({"check", "--frobnicate"})), 3);
  EXPECT_EQ(Code(Run({"check", "--warning", "soon"})), 3);
  EXPECT_EQ(Code(Run({"check", "--link", "nope"})), 3);
  env_.clear();
  EXPECT_EQ(Code(Run({"check", "-c", (dir_ / "none.yaml").string()})), 3);
}

TEST_F(CliTest, CheckWithoutAnAgentIsCritical) {
  env_["KLINK_URL"] = "http://127.0.0.1:1";
  const Ran ran = Run({"check"});
  EXPECT_EQ(Code(ran), 2);
  EXPECT_THAT(ran.out, testing::StartsWith("KLINK CRITICAL - no agent answers at http://127.0.0.1:1"));
  EXPECT_EQ(Code(Run({"check", "--live"})), 2);
}

TEST_F(CliTest, ProbesAskNothingButTheirOne) {
  Serve();
  agent_.snapshot.links[0].state = "FAILED";  // no probe may flip on what is mirrored
  EXPECT_EQ(Code(Run({"check", "--live"})), 0);
  EXPECT_EQ(Code(Run({"check", "--ready"})), 0);
  agent_.ready = false;
  EXPECT_EQ(Code(Run({"check", "--live"})), 0);
  const Ran ready = Run({"check", "--ready"});
  EXPECT_EQ(Code(ready), 2);
  EXPECT_THAT(ready.out, HasSubstr("not every cluster of every link has answered yet"));
  agent_.live = false;
  EXPECT_EQ(Code(Run({"check", "--live"})), 2);
  EXPECT_EQ(Code(Run({"check", "--live", "--ready"})), 3);
}

TEST_F(CliTest, LagShowsTheWorstFirst) {
  Serve();
  ExpectGolden("help_lag", {"lag", "--help"});
  ExpectGolden("lag", {"lag"});
  ExpectExample("lag", {"lag"});
  EXPECT_EQ(Run({"lag", "--every", "1ms"}).exit, Exit::kUsage);
  EXPECT_EQ(Run({"lag", "--watch", "--every", "soon"}).exit, Exit::kUsage);
}

TEST_F(CliTest, LagIsWatchedLineByLine) {
  Serve();
  const Ran ran = Run({"lag", "--watch", "--every", "1ms", "--count", "3", "-o", "json"});
  EXPECT_EQ(ran.exit, Exit::kOk);
  std::istringstream in(ran.out);
  int rounds = 0;
  for (std::string line; std::getline(in, line); rounds++) EXPECT_TRUE(ParseJson(line).ok()) << line;
  EXPECT_EQ(rounds, 3);
}

TEST_F(CliTest, AWatchedAgentThatGoesIsAskedAgain) {
  env_["KLINK_URL"] = "http://127.0.0.1:1";
  const Ran ran = Run({"lag", "--link", "x", "--watch", "--every", "1ms", "--count", "2"});
  EXPECT_EQ(ran.exit, Exit::kUnreachable);
  EXPECT_NE(ran.err.find("no agent answers"), ran.err.rfind("no agent answers"));
}

}  // namespace
}  // namespace klink::cli
