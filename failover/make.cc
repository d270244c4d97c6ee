#include "failover/make.h"

#include "failover/cutover.h"
#include "failover/kafka_destination.h"
#include "failover/promoter.h"
#include "failover/report.h"

namespace klink::failover {
namespace {

// A controller with its way to the destination.
class OnKafka final : public link::Promoter {
 public:
  OnKafka(link::PromotionHost& host, const link::PromoterParts& parts)
      : destination_(parts.destination, parts.executor, parts.clock),
        controller_(host, destination_, parts.executor, parts.clock) {}
  Async<Status> Run() override { return controller_.Run(); }
  Async<StatusOr<link::PromotionSnapshot>> Ask(link::PromoteRequest request) override {
    return controller_.Ask(std::move(request));
  }
  Async<StatusOr<link::CutoverSnapshot>> AskCutover(link::CutoverRequest request) override {
    return controller_.AskCutover(std::move(request));
  }

 private:
  KafkaDestination destination_;
  Controller controller_;
};

}  // namespace

link::PromoterFactory Promoters() {
  link::PromoterFactory factory;
  factory.make = [](link::PromotionHost& host, link::PromoterParts parts) {
    return std::make_unique<OnKafka>(host, parts);
  };
  factory.show = Show;
  factory.show_cutover = ShowCutover;
  return factory;
}

}  // namespace klink::failover
