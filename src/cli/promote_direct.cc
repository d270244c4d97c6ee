// klink failover --direct: nobody answers, or must. Works on the destination alone, as the link's controller; agents
// that are alive see that, and those that sleep are shut out.
#include <fmt/format.h>
#include <unistd.h>

#include "cli/await.h"
#include "cli/promote.h"
#include "failover/direct.h"

namespace klink::cli {
namespace {

using link::PromotionSnapshot;

struct Outcome {
  StatusOr<PromotionSnapshot> view = Unavailable("nothing was done");
  bool declined = false;
};

Async<StatusOr<PromotionSnapshot>> Carry(const Context& context, const PromoteChoice& choice, failover::Direct& direct,
                                         std::string link, bool& declined) {
  CO_RETURN_IF_ERROR(co_await direct.Open());
  const auto members = co_await direct.Members();
  ShowMembers(context, members);
  link::PromoteRequest request;
  request.link = std::move(link);
  request.topics = choice.topics;
  request.sets = choice.sets;
  request.all = choice.all;
  request.by = context.io.env("USER").value_or("");
  request.reason = context.globals.reason;
  request.dry_run = true;
  StepTeller steps(context);
  const auto progress = [&steps](const PromotionSnapshot& now) { steps.Tell(now.step); };
  if (choice.consent.dry_run || !choice.consent.yes) {
    CO_TRY(const PromotionSnapshot plan, co_await direct.Promote(request, progress));
    if (choice.consent.dry_run) co_return plan;
    declined = !AgreedTo(context, choice, plan);
    if (declined) co_return plan;
  }
  request.dry_run = false;
  co_return co_await direct.Promote(request, progress);
}

Async<Outcome> Run(const Context& context, const PromoteChoice& choice, const config::Config& config,
                   const config::LinkConfig& link) {
  Outcome outcome;
  failover::Direct direct(config, link, DirectName(), co_await asio::this_coro::executor);
  outcome.view = co_await Carry(context, choice, direct, link.name, outcome.declined);
  co_await direct.Close();
  co_return outcome;
}

}  // namespace

void ShowMembers(const Context& context, const StatusOr<link::GroupMembers>& members) {
  std::ostream& err = context.io.err;
  if (!members.ok()) {
    err << "klink: whether agents of the link are alive cannot be told: " << Text(members.status()) << "\n";
  } else if (members->members.empty()) {
    err << "klink: no agent of the link is a member of its group\n";
  } else {
    err << "klink: agents of the link, as its group knows them; they stop what is promoted when they see it:\n";
    for (const auto& member : members->members) err << "  " << member.client_id << " " << member.host << "\n";
  }
}

std::string DirectName() {
  char host[256] = "";
  gethostname(host, sizeof host - 1);
  return fmt::format("direct@{}:{}", host, getpid());
}

Exit PromoteDirect(const Context& context, const PromoteChoice& choice) {
  const StatusOr<config::Config> config = context.LoadConfig();
  if (!config.ok()) return context.Fail(config.status(), Exit::kConfiguration);
  const StatusOr<config::LinkConfig> link = context.PickLink(*config);
  if (!link.ok()) return context.Fail(link.status());
  const Outcome outcome = Await(Run(context, choice, *config, *link));
  if (!outcome.view.ok()) return context.Fail(outcome.view.status());
  return EndPromotion(context, choice, *outcome.view, outcome.declined);
}

}  // namespace klink::cli
