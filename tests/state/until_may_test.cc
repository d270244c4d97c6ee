#include "state/until_may.h"

#include "tests/fake/clock.h"

namespace klink::state {
namespace {

using UntilMayTest = fake::VirtualTimeTest;

// klink mirror failback --keep-and-map, while the old source's broker came back from a restart.
TEST_F(UntilMayTest, AStateThatIsNotReadYetIsWaitedForNotToldToTheOperator) {
  int asked = 0;
  const auto may = [&] { return ++asked < 40 ? Unavailable("the state was not read") : absl::OkStatus(); };
  EXPECT_EQ(Run(UntilMay(clock_, may)), absl::OkStatus());
  EXPECT_EQ(asked, 40);
}

TEST_F(UntilMayTest, WhatStaysUnavailableIsSaidInTheEnd) {
  const Instant begun = clock_.Now();
  EXPECT_EQ(Run(UntilMay(clock_, [] { return Unavailable("the lease does not run"); })),
            Unavailable("the lease does not run"));
  EXPECT_GE(clock_.Now() - begun, kUntilMay);
}

TEST_F(UntilMayTest, WhatIsNotAllowedIsSaidAtOnce) {
  int asked = 0;
  const auto may = [&] { return asked++, FailedPrecondition("not while it is STOPPED"); };
  EXPECT_EQ(Run(UntilMay(clock_, may)), FailedPrecondition("not while it is STOPPED"));
  EXPECT_EQ(asked, 1);
}

}  // namespace
}  // namespace klink::state
