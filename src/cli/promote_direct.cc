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

StatusOr<const config::LinkConfig*> LinkOf(const Context& context, const config::Config& config) {
  std::string names;
  for (const config::LinkConfig& link : config.links) {
    if (link.name == context.globals.link || (context.globals.link.empty() && config.links.size() == 1)) return &link;
    names += (names.empty() ? "" : ", ") + link.name;
  }
  if (context.globals.link.empty()) return InvalidArgument("which link? --link is one of {}", names);
  return NotFound("the configuration has no link {}: it has {}", context.globals.link, names);
}

// As the link's state names who did it.
std::string Name() {
  char host[256] = "";
  gethostname(host, sizeof host - 1);
  return fmt::format("direct@{}:{}", host, getpid());
}

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
  request.all = choice.all;
  request.by = context.io.env("USER").value_or("");
  request.reason = context.globals.reason;
  request.dry_run = true;
  std::string told;
  const auto progress = [&](const PromotionSnapshot& now) {
    if (context.io.in != nullptr && now.step && *now.step != told)
      context.io.err << "klink: " << *now.step << "\n" << std::flush;
    told = now.step.value_or("");
  };
  if (choice.consent.dry_run || !choice.consent.yes) {
    CO_TRY(const PromotionSnapshot plan, co_await direct.Promote(request, progress));
    if (choice.consent.dry_run) co_return plan;
    const std::string question = PromotionQuestion(choice, plan);
    if (!question.empty()) context.io.err << PromotionText(plan, context.color());
    declined = !question.empty() && !Agreed(context, question);
    if (declined) co_return plan;
  }
  request.dry_run = false;
  co_return co_await direct.Promote(request, progress);
}

Async<Outcome> Run(const Context& context, const PromoteChoice& choice, const config::Config& config,
                   const config::LinkConfig& link) {
  Outcome outcome;
  failover::Direct direct(config, link, Name(), co_await asio::this_coro::executor);
  outcome.view = co_await Carry(context, choice, direct, link.name, outcome.declined);
  co_await direct.Close();
  co_return outcome;
}

}  // namespace

Exit PromoteDirect(const Context& context, const PromoteChoice& choice) {
  const StatusOr<config::Config> config = context.LoadConfig();
  if (!config.ok()) return context.Fail(config.status(), Exit::kConfiguration);
  const auto link = LinkOf(context, *config);
  if (!link.ok()) return context.Fail(link.status());
  const Outcome outcome = Await(Run(context, choice, *config, **link));
  if (!outcome.view.ok()) return context.Fail(outcome.view.status());
  if (outcome.declined) {
    context.io.err << "klink: nothing was changed\n";
    return Exit::kFailed;
  }
  const Exit exit = ShowPromotion(context, *outcome.view);
  if (choice.consent.dry_run) return exit;
  const Status written = WriteReport(choice, *outcome.view);
  return written.ok() ? exit : context.Fail(written, Exit::kFailed);
}

}  // namespace klink::cli
