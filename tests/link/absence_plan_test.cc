#include "link/absence_plan.h"

#include <gmock/gmock.h>

namespace klink::link {
namespace {

using config::DeletePolicy;

constexpr int64_t kNow = 1'700'000'000'000;
constexpr int64_t kHour = 3'600'000;

AbsenceFacts Absent(int64_t since_ms, DeletePolicy policy = DeletePolicy::kMirror) {
  AbsenceFacts facts;
  facts.policy = policy;
  facts.absent = true;
  facts.absent_since_ms = since_ms;
  facts.now_ms = kNow;
  return facts;
}

TEST(AbsencePlan, ACopyIsKeptUnlessTheOperatorAskedForDeletion) {
  EXPECT_EQ(PlanAbsence(Absent(0, DeletePolicy::kKeep)), AbsenceStep::kNothing);
  EXPECT_EQ(PlanAbsence(Absent(kNow - 100 * kHour, DeletePolicy::kKeep)), AbsenceStep::kForget);
}

TEST(AbsencePlan, TheDayCountsFromWhenTheAbsenceWasFirstSeen) {
  EXPECT_EQ(PlanAbsence(Absent(0)), AbsenceStep::kNote);
  EXPECT_EQ(PlanAbsence(Absent(kNow - 1)), AbsenceStep::kNothing);
  EXPECT_EQ(PlanAbsence(Absent(kNow - 24 * kHour + 1)), AbsenceStep::kNothing);
  EXPECT_EQ(PlanAbsence(Absent(kNow - 24 * kHour)), AbsenceStep::kDelete);
}

TEST(AbsencePlan, ATopicThatIsBackBeginsAnew) {
  AbsenceFacts facts = Absent(kNow - 23 * kHour);
  facts.absent = false;
  EXPECT_EQ(PlanAbsence(facts), AbsenceStep::kForget);
  facts.absent_since_ms = 0;
  EXPECT_EQ(PlanAbsence(facts), AbsenceStep::kNothing);
}

TEST(AbsencePlan, ASourceThatNamesNoTopicAtAllOrdersNothing) {
  for (const int64_t since : {int64_t{0}, kNow - 100 * kHour}) {
    AbsenceFacts facts = Absent(since);
    facts.source_empty = true;
    EXPECT_EQ(PlanAbsence(facts), AbsenceStep::kNothing);
  }
}

TEST(AbsencePlan, AClockThatWentBackDeletesNothing) {
  EXPECT_EQ(PlanAbsence(Absent(kNow + kHour)), AbsenceStep::kNothing);
}

}  // namespace
}  // namespace klink::link
