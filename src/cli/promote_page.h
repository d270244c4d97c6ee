// The loss report as a page: what a promotion did and what it cost, for those who were not there. Pure.
#pragma once

#include <string>

#include "link/promotion_snapshot.h"

namespace klink::cli {

// One file, without scripts and without anything to be loaded; to be printed and signed.
std::string PromotionPage(const link::PromotionSnapshot& view);

}  // namespace klink::cli
