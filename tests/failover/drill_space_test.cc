// Whether an isolated drill's copies fit, by what brokers tell of their folders.
#include "failover/drill_space.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace klink::failover {
namespace {

using testing::HasSubstr;

constexpr int64_t kMiB = 1 << 20;

struct SpaceCase {
  const char* name;
  SpaceFacts facts;
  DrillVerdict verdict;
  const char* says;
};

LogDirSpace Folder(int32_t broker, std::optional<int64_t> mib) {
  return {broker, "/data", mib ? std::optional(*mib * kMiB) : std::nullopt};
}

TEST(DrillSpace, Table) {
  constexpr int64_t kMax = 100 * kMiB;
  constexpr auto kPassed = DrillVerdict::kPassed, kFailed = DrillVerdict::kFailed;
  const SpaceCase cases[] = {
      {"there is room", {{Folder(1, 500), Folder(2, 110)}, {}, ""}, kPassed, "110 MiB are free where the least is"},
      {"a tenth is missing",
       {{Folder(1, 500), Folder(2, 109)}, {}, ""},
       kFailed,
       "broker 2 has 109 MiB free in /data, and the copies may take 110 MiB there: make room, or lower max_bytes, "
       "which "
       "is 100 MiB now"},
      {"the mirrors hold less than max_bytes", {{Folder(1, 20)}, 10 * kMiB, ""}, kPassed, "11 MiB are needed"},
      {"and still do not fit", {{Folder(1, 10)}, 10 * kMiB, ""}, kFailed, "may take 11 MiB there"},
      {"the mirrors hold more, and max_bytes bounds",
       {{Folder(1, 110)}, 900 * kMiB, ""},
       kPassed,
       "110 MiB are needed"},
      {"empty mirrors", {{Folder(1, 0)}, 0, ""}, kPassed, "0 MiB are needed"},
      {"a full volume beside an empty one", {{Folder(1, 5), Folder(1, 500)}, {}, ""}, kFailed, "broker 1 has 5 MiB"},
      {"no broker tells",
       {{Folder(1, {})}, {}, ""},
       kPassed,
       "free space is not told: max_bytes, 104857600, is the bound"},
      {"klink may not ask", {{}, {}, "not authorised"}, kPassed, "free space is not told (not authorised)"},
      {"one tells, and is full", {{Folder(1, 1)}, {}, "no answer"}, kFailed, "broker 1 has 1 MiB"},
      {"one tells, and has room", {{Folder(1, 500)}, {}, "no answer"}, kPassed, "not every broker tells"},
  };
  for (const SpaceCase& c : cases) {
    const Finding found = JudgeSpace(c.facts, kMax);
    EXPECT_EQ(Name(found.verdict), Name(c.verdict)) << c.name;
    EXPECT_THAT(found.evidence, HasSubstr(c.says)) << c.name;
  }
}

}  // namespace
}  // namespace klink::failover
