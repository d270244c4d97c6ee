// What a forced failover leaves unproven is told with the names an operator needs.
#include "failover/forced.h"

#include <gmock/gmock.h>

namespace klink::failover {
namespace {

using testing::Contains;
using testing::HasSubstr;

TEST(Forced, SaysWhyAndWhatToDoOnceTheStateIsThereAgain) {
  config::LinkConfig link;
  link.name = "paris-to-lyon";
  link.source = "paris";
  const auto told = Unproven(link, {"orders", "payments"}, NotFound("there is no topic _klink.paris-to-lyon.state"));
  EXPECT_THAT(told, Contains(HasSubstr("there is no topic _klink.paris-to-lyon.state")));
  EXPECT_THAT(told, Contains(HasSubstr("up to where paris was copied")));
  EXPECT_THAT(told, Contains(HasSubstr("every producer that a partition remembers is shut out")));
  EXPECT_THAT(told, Contains(HasSubstr("klink failover orders payments --link paris-to-lyon --yes")));
}

}  // namespace
}  // namespace klink::failover
