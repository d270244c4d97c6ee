// How an agent comes by its controllers of promotions.
#pragma once

#include "link/promotion.h"

namespace klink::failover {

link::PromoterFactory Promoters();

}  // namespace klink::failover
