// klink drill: what it prints, the report's published schema, and what is refused before anything is touched.
#include "cli/drill_text.h"
#include "failover/drill_files.h"
#include "failover/drill_judge.h"
#include "tests/cli/cli_fixture.h"

namespace klink::cli {
namespace {

using failover::DrillReport;
using testing::HasSubstr;

WallTime At(int64_t seconds) { return WallTime(std::chrono::seconds(1'800'000'000 + seconds)); }

DrillReport Sample() {
  DrillReport r;
  r.id = "20270115T080000Z-ab12";
  r.drill = "quarterly";
  r.type = "isolated";
  r.scenario = "cluster paris is lost: copies of the mirrors of link paris-to-lyon are failed over";
  r.outcome = "PASSED";
  r.exit_code = 0;
  r.operator_name = "ada";
  r.approver = "grace";
  r.started = At(0);
  r.finished = At(12);
  r.scope = {"paris-to-lyon", "paris", "lyon", {{"payments", "payments", "_klink.drill.20270115T080000Z-ab12.0", 3}},
             {"app-pay"},     1 << 30};
  r.rto = {At(8), 1.5, {{"take_control", 0.4}, {"fence", 0.3}, {"first_produce", 0.2}, {"first_consume", 0.6}}};
  r.rpo = failover::SumUp({{"payments", 12, 2400, 0.8, false}});
  r.objectives = {failover::JudgeRpo(30, r.rpo), failover::JudgeRto(300, 1.5, config::DrillKind::kIsolated)};
  r.invariants = {{"L7", "AHEAD", "PASSED", "its first record is the one that stands at its position"},
                  {"L12", "COLLISION", "PASSED", "the new producer's first records were acknowledged at the cut"}};
  r.verification = {40, 81920, 0, {}};
  r.groups = {{"app-pay", "payments", 0, 50, 50, 50, 50, "PASSED", "PASSED", "its first record is the one there"}};
  r.steps = {{"destination", At(0), 0.2, "PASSED", "cluster lyon is fJ2"},
             {"copy", At(1), 3.5, "PASSED", "81920 bytes"}};
  r.rollback = {true, 4, 1, {}};
  r.klink_version = "0.1.0";
  r.source_cluster_id = "aB1";
  r.destination_cluster_id = "fJ2";
  r.config_sha256 = std::string(64, 'c');
  r.summary = failover::SummaryOf(r);
  return r;
}

// A JSON schema of whatever describes its fields.
struct SchemaOf {
  JsonObject properties;
  JsonArray required;
  static Json Type(const char* name) { return JsonObject{{"type", name}}; }
  static Json Of(const std::string&) { return Type("string"); }
  static Json Of(const WallTime&) { return JsonObject{{"type", "string"}, {"format", "date-time"}}; }
  static Json Of(bool) { return Type("boolean"); }
  template <std::integral T>
  static Json Of(T) {
    return Type("integer");
  }
  template <std::floating_point T>
  static Json Of(T) {
    return Type("number");
  }
  template <class T>
  static Json Of(const std::optional<T>&) {
    return JsonObject{{"anyOf", JsonArray{Of(T()), Type("null")}}};
  }
  template <class T>
  static Json Of(const std::vector<T>&) {
    return JsonObject{{"type", "array"}, {"items", Of(T())}};
  }
  template <Described T>
  static Json Of(const T& value) {
    SchemaOf schema;
    auto field = [&schema](std::string_view name, const auto& member) {
      Json of = Of(member);
      if (name == "verdict" || name == "ahead" || name == "behind")
        of.get_object()["enum"] = JsonArray{"PASSED", "FAILED", "UNKNOWN", "NOT_CHECKED"};
      if (name == "outcome")
        of.get_object()["enum"] = JsonArray{"PASSED", "MISSED", "PRECONDITION_FAILED", "ABORTED", "CLEANUP_INCOMPLETE"};
      schema.properties[name] = std::move(of);
      schema.required.emplace_back(name);
    };
    T::Describe(value, field);
    return JsonObject{{"type", "object"}, {"required", schema.required}, {"properties", schema.properties}};
  }
};

class DrillCliTest : public CliTest {
 protected:
  std::string Config(const std::string& drills) {
    return Write("klink.yaml", fmt::format(R"(clusters:
  paris: {{bootstrap.servers: "127.0.0.1:1"}}
  lyon: {{bootstrap.servers: "127.0.0.1:2"}}
links:
  - {{name: paris-to-lyon, source: paris, destination: lyon, topics: {{include: [{{prefix: x}}]}}}}
drills: [{}]
)",
                                           drills));
  }
  std::string Folder(const std::vector<DrillReport>& reports) {
    const std::string folder = (dir_ / "drills").string();
    std::filesystem::create_directories(folder);
    const auto open = failover::DrillFolder::Open(folder);
    EXPECT_TRUE(open.ok()) << open.status();
    for (const DrillReport& report : reports) EXPECT_TRUE(open->Write(report).ok());
    return folder;
  }
};

TEST_F(DrillCliTest, Helps) {
  ExpectGolden("help_drill", {"drill", "--help"});
  for (const char* verb : {"run", "list", "show", "clean"})
    ExpectGolden(std::string("help_drill_") + verb, {"drill", verb, "--help"});
}

TEST_F(DrillCliTest, TheReportHasAPublishedSchema) {
  JsonObject schema;
  schema["$schema"] = "https://json-schema.org/draft/2020-12/schema";
  schema["title"] = "klink drill report";
  const Json body = SchemaOf::Of(DrillReport());
  for (const auto& [key, value] : body.get_object()) schema[key] = value;
  ExpectFile("docs/drill-report.schema.json", PrettyJson(schema));
}

TEST_F(DrillCliTest, TheHistoryIsInTheFolder) {
  DrillReport missed = Sample();
  missed.id = "20270116T080000Z-cd34";
  missed.outcome = "MISSED";
  missed.rpo.is_bound = true;
  const std::string folder = Folder({Sample(), missed});
  env_["KLINK_CONFIG"] = Config("{name: quarterly, link: paris-to-lyon, report_dir: drills}");
  ExpectGolden("drill_list", {"drill", "list", "--report-dir", folder});
  ExpectExample("drill_list", {"drill", "list", "--report-dir", folder});
  ExpectGolden("drill_show", {"drill", "show", "20270115T080000Z-ab12", "--report-dir", folder});
  ExpectExample("drill_show", {"drill", "show", "20270115T080000Z-ab12", "--report-dir", folder});
  ExpectGolden("drill_show_unknown", {"drill", "show", "x", "--report-dir", folder});
  const Ran there = Run({"drill", "list", "--report-dir", (dir_ / "nowhere").string()});
  EXPECT_EQ(there.exit, Exit::kFailed);
  EXPECT_THAT(there.err, HasSubstr("nowhere is not there"));
}

TEST_F(DrillCliTest, WhatCannotBeRunTouchesNothingAndEndsWithTwo) {
  const auto two = static_cast<Exit>(2);
  env_["KLINK_CONFIG"] = Config("{name: quarterly, link: paris-to-lyon, report_dir: drills}");
  EXPECT_EQ(Run({"drill", "run", "yearly"}).exit, two);
  EXPECT_THAT(Run({"drill", "run", "yearly"}).err, HasSubstr("has no drill yearly: it has quarterly"));
  EXPECT_EQ(Run({"drill", "run", "quarterly"}).exit, two);
  EXPECT_THAT(Run({"drill", "run", "quarterly"}).err, HasSubstr("report_dir DIR/drills is not there: create it"));
  EXPECT_EQ(Run({"drill", "run", "quarterly", "--kind", "wet"}).exit, Exit::kUsage);
  EXPECT_EQ(Run({"drill"}).exit, Exit::kUsage);
  Folder({});
  const Ran gone = Run({"drill", "run", "quarterly", "--kind", "dry"});
  EXPECT_EQ(gone.exit, two) << gone.out << gone.err;
  EXPECT_THAT(gone.out, HasSubstr("PRECONDITION_FAILED"));
  EXPECT_EQ(std::count(gone.out.begin(), gone.out.end(), '\n'), 1) << gone.out;
  env_["KLINK_CONFIG"] = Config("");
  EXPECT_THAT(Run({"drill", "run", "quarterly"}).err, HasSubstr("it has none; add it under drills"));
}

TEST_F(DrillCliTest, ALiveOneIsAgreedToAndATimerRefusesIt) {
  const auto two = static_cast<Exit>(2);
  env_["KLINK_CONFIG"] = Config(
      "{name: real, link: paris-to-lyon, kind: live, report_dir: drills}, "
      "{name: safe, link: paris-to-lyon, report_dir: drills}");
  Folder({});
  const Ran unasked = Run({"drill", "run", "real"});
  EXPECT_EQ(unasked.exit, Exit::kUsage) << "nobody is there to be asked";
  EXPECT_THAT(unasked.err, HasSubstr("say --yes, or --dry-run to look"));
  EXPECT_EQ(Run({"drill", "run", "safe", "--kind", "live"}).exit, Exit::kUsage);
  const Ran timer = Run({"drill", "run", "real", "--yes", "--no-live"});
  EXPECT_EQ(timer.exit, two);
  EXPECT_THAT(timer.err, HasSubstr("drill real is live: it fails production over, and --no-live was said"));
  for (const char* incident : {"yesterday", "2020-01-01T00:00:00Z", "2999-01-01T00:00:00Z"})
    EXPECT_EQ(Run({"drill", "run", "real", "--yes", "--incident", incident}).exit, Exit::kUsage) << incident;
  const Ran plan = Run({"drill", "run", "safe", "--dry-run"});
  EXPECT_EQ(plan.exit, Exit::kUsage);
  EXPECT_THAT(plan.err, HasSubstr("safe is isolated: --kind dry looks at everything and writes nothing"));
  for (const std::vector<std::string>& how : {std::vector<std::string>{"--dry-run"}, {"--direct", "--dry-run"}}) {
    std::vector<std::string> arguments = {"drill", "run", "real"};
    arguments.insert(arguments.end(), how.begin(), how.end());
    const Ran gone = Run(arguments);
    EXPECT_EQ(gone.exit, two) << gone.out << gone.err;
    EXPECT_EQ(gone.out, "");
    EXPECT_THAT(gone.err, HasSubstr("PRECONDITION_FAILED"));
  }
  EXPECT_TRUE(failover::ReadHistory((dir_ / "drills").string())->reports.empty()) << "a plan is no drill";
  const Ran gone = Run({"drill", "run", "real", "--direct", "--yes"});
  EXPECT_EQ(gone.exit, two) << gone.out << gone.err;
  EXPECT_THAT(gone.out, HasSubstr("PRECONDITION_FAILED"));
}

TEST(DrillTextTest, OfALiveOneTheWayBackIsTold) {
  DrillReport r = Sample();
  EXPECT_EQ(WayBackText(r), "");
  r.type = "live";
  r.failback = failover::DrillFailback{
      true, {}, {{"paris goes on as the mirror", "klink mirror reverse payments --link paris-to-lyon --yes"}}};
  EXPECT_EQ(WayBackText(r),
            "The way back:\n"
            "  # paris goes on as the mirror\n"
            "  klink mirror reverse payments --link paris-to-lyon --yes\n");
  r.rollback = {false, 0, 0, {"payments is STOPPED: it can be written to"}};
  EXPECT_EQ(WayBackText(r),
            "What stands:\n"
            "  payments is STOPPED: it can be written to\n"
            "What remains to be done:\n"
            "  # paris goes on as the mirror\n"
            "  klink mirror reverse payments --link paris-to-lyon --yes\n");
}

TEST_F(DrillCliTest, WhatWasRemovedAndWhatIsLeftIsTold) {
  const std::vector<CleanedDrill> drills = {{"lyon", "20270115T080000Z-ab12", {true, 4, 1, {}}},
                                            {"lyon", "20270116T080000Z-cd34", {false, 0, 0, {"_klink.drill.x.0"}}}};
  EXPECT_EQ(CleanText(drills, CleanTense::kDid),
            "drill 20270115T080000Z-ab12 at lyon: 4 topics and 1 groups removed\n"
            "drill 20270116T080000Z-cd34 at lyon: 0 topics and 0 groups removed\n"
            "  left: _klink.drill.x.0\n");
  ExpectFile("docs/cli/drill_clean.json", PrettyJson(CleanJson(drills)));
  EXPECT_EQ(CleanText({}, CleanTense::kDid), "No drill left anything.\n");
}

}  // namespace
}  // namespace klink::cli
