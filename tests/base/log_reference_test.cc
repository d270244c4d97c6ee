// docs/events.md and docs/metrics.md are printed from the tables in the code. KLINK_UPDATE=1 rewrites them.
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include "base/log_events.h"
#include "base/metrics.h"

namespace klink {
namespace {

void ExpectFile(const std::string& name, const std::string& text) {
  const std::filesystem::path file = std::filesystem::path(KLINK_SOURCE_DIR) / name;
  if (getenv("KLINK_UPDATE") != nullptr) std::ofstream(file) << text;
  std::ifstream in(file);
  const std::string found{std::istreambuf_iterator<char>(in), {}};
  EXPECT_EQ(found, text) << name << " (KLINK_UPDATE=1 rewrites it)";
}

TEST(ReferenceTest, EventsAreDocumentedWithCauseAndRemedy) {
  std::string text =
      "# Events\n\nEvery line klink logs carries one of these ids as `event`. The same event about the same thing is "
      "printed once a minute;\n`repeated` counts what came in between.\n\n| Id | Event | Cause | Remedy "
      "|\n|---|---|---|---|\n";
  for (const EventRow& row : kEventTable) {
    text += fmt::format("| KL{} | {} | {} | {} |\n", static_cast<int>(row.event), row.name, row.cause, row.remedy);
  }
  ExpectFile("docs/events.md", text);
}

TEST(ReferenceTest, MetricsAreDocumentedWithKindAndLabels) {
  std::string text =
      "# Metrics\n\n`GET /metrics` in Prometheus' text format, with the usual `process_*`. A series vanishes with what "
      "it "
      "describes.\n\n| Name | Kind | Labels | Meaning |\n|---|---|---|---|\n";
  for (const MetricRow& row : MetricTable()) {
    std::string kind(row.kind);
    kind[0] = static_cast<char>(std::tolower(kind[0]));
    text += fmt::format("| `{}` | {} | {} | {} |\n", row.name, kind, fmt::join(row.labels, ", "), row.help);
  }
  ExpectFile("docs/metrics.md", text);
}

}  // namespace
}  // namespace klink
