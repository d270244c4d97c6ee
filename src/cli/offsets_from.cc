#include "cli/offsets_from.h"

#include <fstream>
#include <iostream>
#include <sstream>

#include "cli/agent_client.h"
#include "cli/table.h"
#include "http/message.h"

namespace klink::cli {
namespace {

constexpr size_t kPositionsPerRequest = 2000;  // with the longest topic names, less than a body may be

StatusOr<std::vector<http::PositionTranslation>> ReadFile(const std::string& file) {
  if (file == "-") return ReadPositions(std::cin);
  std::ifstream in(file);
  if (!in) return InvalidArgument("{}: cannot be read", file);
  auto positions = ReadPositions(in);
  if (!positions.ok()) return Annotate(positions.status(), file);
  return positions;
}

Json BodyOf(const std::vector<http::PositionTranslation>& positions, size_t from, bool reverse) {
  JsonArray list;
  for (size_t i = from; i < std::min(positions.size(), from + kPositionsPerRequest); i++) {
    JsonObject position;
    position["topic"] = std::string_view(positions[i].topic);
    position["partition"] = positions[i].partition;
    position["offset"] = positions[i].offset;
    list.push_back(std::move(position));
  }
  JsonObject body;
  body["direction"] = std::string_view(reverse ? "source" : "destination");
  body["positions"] = std::move(list);
  return body;
}

std::string Text(const http::PositionsView& view, bool color) {
  const bool to_source = view.direction == "source";
  Table table({{"Topic"},
               {"Partition", Align::kRight},
               {to_source ? "Destination Offset" : "Source Offset", Align::kRight},
               {to_source ? "Source Offset" : "Destination Offset", Align::kRight},
               {"Answer"},
               {"Reason"}});
  for (const http::PositionTranslation& t : view.translations)
    table.Add(
        {t.topic, std::to_string(t.partition), std::to_string(t.offset), Show(t.translated), t.answer, Show(t.reason)});
  return table.ToText(color);
}

}  // namespace

StatusOr<std::vector<http::PositionTranslation>> ReadPositions(std::istream& in) {
  std::vector<http::PositionTranslation> positions;
  int number = 0;
  for (std::string line; std::getline(in, line);) {
    number++;
    std::istringstream words(line);
    http::PositionTranslation position;
    if (!(words >> position.topic) || position.topic.starts_with('#')) continue;
    std::string more;
    if (!(words >> position.partition >> position.offset) || words >> more || position.partition < 0 ||
        position.offset < 0)
      return InvalidArgument("line {}: '{}' is not a topic, a partition and an offset", number, line);
    positions.push_back(std::move(position));
  }
  if (positions.empty()) return InvalidArgument("there is no position in it; a line is: topic partition offset");
  return positions;
}

Exit TranslateFrom(const Context& context, const std::string& file, bool reverse) {
  const auto positions = ReadFile(file);
  if (!positions.ok()) return context.Fail(positions.status());
  Exit exit = Exit::kOk;
  StatusOr<AgentClient> agent = AgentClient::Find(context, exit);
  if (!agent.ok()) return exit;
  const StatusOr<std::string> link = agent->Link();
  if (!link.ok()) return context.Fail(link.status(), agent->ExitFor(link.status()));
  http::PositionsView all;
  const std::string target = fmt::format("/v1/links/{}/offsets:translate", http::Escape(*link));
  for (size_t at = 0; at < positions->size(); at += kPositionsPerRequest) {
    Json json;
    StatusOr<http::PositionsView> view =
        agent->Change<http::PositionsView>(target, BodyOf(*positions, at, reverse), json);
    if (!view.ok()) return context.Fail(view.status(), agent->ExitFor(view.status()));
    all.link = view->link;
    all.direction = view->direction;
    std::move(view->translations.begin(), view->translations.end(), std::back_inserter(all.translations));
  }
  if (context.globals.output == Output::kHuman)
    context.io.out << Text(all, context.color());
  else
    context.Print(ToJson(all));
  for (const http::PositionTranslation& t : all.translations)
    if (t.answer == "unknown") return Exit::kTryLater;
  return Exit::kOk;
}

}  // namespace klink::cli
