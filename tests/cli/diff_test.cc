// klink diff: what it prints, and how it ends.
#include "tests/cli/cli_fixture.h"

namespace klink::cli {
namespace {

TEST_F(CliTest, DiffShowsWhatDiffersAndEndsWithOne) {
  Serve();
  ExpectGolden("help_diff", {"diff", "--help"});
  ExpectGolden("diff", {"diff"});
  ExpectExample("diff", {"diff", "--link", "paris-to-lyon"});
  agent_.differs = false;
  ExpectGolden("diff_none", {"diff"});
  EXPECT_EQ(Run({"diff", "--link", "nope"}).exit, Exit::kFailed);
  EXPECT_EQ(Run({"diff", "topic"}).exit, Exit::kUsage);
}

}  // namespace
}  // namespace klink::cli
