// tests/scripts/*.txt: what is asked of the controller (`> …`), and what it answers and writes down (`| …`), with the
// seconds since the script began. KLINK_UPDATE=1 rewrites what stands behind `|`. In world.h's world: mirrors a (two
// partitions) and b (one), which some transactions are being copied to. Commands:
//   agent NAME | kill NAME | freeze NAME | wake NAME    a process; the newest one that lives and is awake is asked
//   source answers|silent|shut      shut: its ACLs cannot be changed
//   brokers answer|silent           the destination's, when they are asked how far they are
//   markers refused                 WriteTxnMarkers is not allowed
//   state refuses|writes            the state topic
//   write TOPIC-P [TIME]            one batch more at the source; its copy arrives TIME later
//   mirror TOPIC PHASE              as its record says
//   failover|promote|cutover WORDS  topics and the command line's --all --dry-run --block --timeout --settle --undo
//   run TIME                        nothing is asked meanwhile
//   check                           what must hold once all is done
#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>

#include <gtest/gtest.h>

#include "config/text.h"
#include "failover/cutover.h"
#include "failover/report.h"
#include "tests/failover/world.h"

namespace klink::failover::sim {
namespace {

using Words = std::vector<std::string>;

Words SplitWords(const std::string& line) {
  std::istringstream in(line);
  Words words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

// Ids of operations are random; their waves keep their numbers.
std::string Steady(const std::string& text) {
  static const std::regex kOperation(R"(\d{8}T\d{6}Z-[0-9a-f]{4})");
  static const std::regex kTime(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z)");
  return std::regex_replace(std::regex_replace(text, kOperation, "OP"), kTime, "TIME");
}

template <class T>
std::string Known(const std::optional<T>& value) {
  return value ? fmt::format("{}", *value) : "?";
}

// One line of what was written; empty for what is of no interest here.
struct RecordText {
  std::string operator()(const state::MirrorRecord& m) const {
    return fmt::format("mirror {}: {}{}", m.destination_topic, Name(m.phase),
                       m.text.empty() ? "" : " (" + m.text + ")");
  }
  std::string operator()(const state::PromotionRecord& p) const {
    std::string text = fmt::format("journal {}: {}", p.id, Name(p.step));
    for (const state::PromotionTopic& topic : p.topics) {
      text += fmt::format(", {} {}", topic.topic, Name(topic.outcome));
      if (topic.reason) text += fmt::format(" {}", Name(*topic.reason));
      if (!topic.text.empty()) text += fmt::format(" ({})", topic.text);
    }
    return text;
  }
  std::string operator()(const state::CutRecord& cut) const {
    std::string text;
    for (size_t p = 0; p < cut.partitions.size(); p++) {
      if (!cut.partitions[p].cut) continue;
      text += fmt::format("{}{}-{} at {}, copied to {}", text.empty() ? "cut " : "; ", cut.topic, p,
                          *cut.partitions[p].cut, Known(cut.partitions[p].replicated_to));
    }
    return text;
  }
  std::string operator()(const state::PauseRecord& p) const {
    return fmt::format("link {}: {}", p.paused ? "paused" : "resumed", p.text);
  }
  std::string operator()(const state::CutoverRecord& c) const {
    return fmt::format("move {}: {}{}{}{}{}", c.id, Name(c.step), c.undone ? ", undone" : "",
                       c.denied.empty() ? "" : ", denied ", fmt::join(c.denied, " "),
                       c.halted.empty() ? "" : ", halted: " + c.halted);
  }
  template <class T>
  std::string operator()(const T&) const {
    return "";
  }
};

class Script {
 public:
  explicit Script(std::string text) : text_(std::move(text)) { w_.source_acls = {EverybodyMayAll()}; }

  // The text again, with what happened.
  std::string Play() {
    std::istringstream in(text_);
    for (std::string line; std::getline(in, line);) {
      if (line.starts_with("|")) continue;
      out_ += line + "\n";
      if (line.starts_with("> ")) Do(SplitWords(line.substr(2)));
    }
    processes_.clear();
    return Steady(out_);
  }

 private:
  void Tell(const std::string& what) { Tell(std::chrono::duration<double>(w_.world.now() - began_).count(), what); }
  void Tell(double seconds, const std::string& what) { out_ += fmt::format("| {:>5.1f}  {}\n", seconds, what); }

  void Do(const Words& words) {
    const std::string& verb = words.at(0);
    const auto told = [&](const char* what) { return words.at(1) == what; };
    if (verb == "agent") {
      processes_.emplace_back(words.at(1), std::make_unique<Process>(w_)).second->Serve();
    } else if (verb == "kill") {
      std::erase_if(processes_, [&](const auto& p) { return p.first == words.at(1); });
    } else if (verb == "freeze" || verb == "wake") {
      for (auto& [name, process] : processes_)
        if (name == words.at(1)) process->frozen = verb == "freeze";
    } else if (verb == "source") {
      w_.source_answers = !told("silent");
      w_.door_shut = told("shut");
    } else if (verb == "brokers") {
      w_.weather.ask_fails = told("silent") ? 1 : 0;
    } else if (verb == "markers") {
      w_.markers_allowed = !told("refused");
    } else if (verb == "state") {
      w_.weather.store_refused = told("refuses") ? 1 : 0;
    } else if (verb == "write") {
      const std::string& name = words.at(1);
      const size_t dash = name.rfind('-');
      w_.CopyOne(*w_.Find({name.substr(0, dash), std::stoi(name.substr(dash + 1))}),
                 words.size() > 2 ? *config::ParseDuration(words[2]) : 1ms);
    } else if (verb == "mirror") {
      state::MirrorRecord mirror = *w_.view.mirror(words.at(1));
      mirror.phase = *state::FindPhase(words.at(2));
      w_.Append(mirror);
      told_ = w_.log.size();
    } else if (verb == "run") {
      RunFor(*config::ParseDuration(words.at(1)), [] { return false; });
    } else if (verb == "check") {
      RunFor(10s, [] { return false; });
      const std::string complaint = w_.Complaint();
      out_ +=
          fmt::format("| {}; {} late requests were refused\n", complaint.empty() ? "all holds" : complaint, w_.refused);
    } else if (verb == "failover" || verb == "promote") {
      AskPromotion(words);
    } else if (verb == "cutover") {
      AskMove(words);
    } else {
      ADD_FAILURE() << "no such command: " << verb;
    }
  }

  // Until `over`, or time is up; what is written meanwhile is told as it is.
  template <class Over>
  void RunFor(Duration limit, Over over) {
    const Instant until = w_.world.now() + limit;
    while (!over()) {
      bool any = false;
      for (auto& [name, process] : processes_) any |= process->Step();
      const bool more = any || w_.world.Step(until);
      TellWritten();
      if (!more) break;
    }
  }

  void TellWritten() {
    for (; told_ < w_.log.size(); told_++) {
      const admin::KeyValue& entry = w_.log[told_];
      const auto record = state::Decode(entry.key, entry.value.value_or(""));
      if (!record.ok()) continue;
      if (const std::string text = std::visit(RecordText(), *record); !text.empty()) Tell(text);
    }
  }

  Process& Asked() {
    for (auto at = processes_.rbegin(); at != processes_.rend(); ++at)
      if (!at->second->frozen) return *at->second;
    throw std::runtime_error("nobody is there to ask");
  }

  // A word that promotions and moves both know, at `i`.
  template <class Request>
  static void TakeWord(const Words& words, size_t& i, Request& request) {
    if (words[i] == "--dry-run")
      request.dry_run = true;
    else if (words[i] == "--timeout")
      request.timeout = *config::ParseDuration(words.at(++i));
    else
      request.topics.push_back(words[i]);
  }

  // Waits for it; null: there was none, or it was refused, which is told.
  template <class Snapshot>
  const Snapshot* Answer(const std::optional<StatusOr<Snapshot>>& answer) {
    RunFor(30s, [&] { return answer.has_value(); });
    if (answer && answer->ok()) return &**answer;
    Tell(answer ? "refused: " + Text(answer->status()) : "no answer");
    return nullptr;
  }

  void AskPromotion(const Words& words) {
    link::PromoteRequest request;
    request.link = "l";
    request.kind = words[0] == "promote" ? state::PromotionKind::kPromote : state::PromotionKind::kFailover;
    for (size_t i = 1; i < words.size(); i++) {
      if (words[i] == "--all")
        request.all = true;
      else
        TakeWord(words, i, request);
    }
    Process::Promised answer;
    Asked().AskPromotion(std::move(request), answer);
    if (const link::PromotionSnapshot* now = Answer(answer)) Show(*now);
  }

  void Show(const link::PromotionSnapshot& now) {
    Tell(fmt::format("answer: {} is {}, lost {}", now.verb, now.state, Known(now.lost)));
    for (const link::PromotedMirror& mirror : now.mirrors) {
      Tell(fmt::format("  {} {}: {}{}{}", mirror.topic, mirror.state.value_or("-"), mirror.outcome,
                       mirror.reason_code ? " " + *mirror.reason_code : "", mirror.error ? ", " + *mirror.error : ""));
      for (const std::string& command : mirror.remaining) Tell("    " + command);
    }
  }

  void AskMove(const Words& words) {
    link::CutoverRequest request;
    request.link = "l";
    for (size_t i = 1; i < words.size(); i++) {
      if (words[i] == "--block")
        request.block = true;
      else if (words[i] == "--undo")
        request.order = link::CutoverOrder::kUndo;
      else if (words[i] == "--settle")
        request.settle = *config::ParseDuration(words.at(++i));
      else
        TakeWord(words, i, request);
    }
    Process::Answered answer;
    Asked().AskMove(std::move(request), answer);
    if (const link::CutoverSnapshot* now = Answer(answer)) Show(*now);
  }

  void Show(const link::CutoverSnapshot& now) {
    Tell(fmt::format("answer: the move is {}", now.state));
    for (const link::MovedMirror& mirror : now.mirrors)
      Tell(fmt::format("  {}: {}{}", mirror.topic, mirror.outcome, mirror.error ? ", " + *mirror.error : ""));
  }

  std::string text_, out_;
  PromotionWorld w_{1};
  Instant began_ = w_.world.now();
  std::vector<std::pair<std::string, std::unique_ptr<Process>>> processes_;
  size_t told_ = w_.log.size();
};

std::string ReadAll(const std::filesystem::path& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

const std::filesystem::path kScripts = std::filesystem::path(KLINK_SOURCE_DIR) / "tests/scripts";

std::vector<std::string> Scripts() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(kScripts)) names.push_back(entry.path().stem());
  std::sort(names.begin(), names.end());
  return names;
}

class Scripted : public testing::TestWithParam<std::string> {};

TEST_P(Scripted, HappensAsItIsWritten) {
  const std::filesystem::path path = kScripts / (GetParam() + ".txt");
  const std::string told = Script(ReadAll(path)).Play();
  if (std::getenv("KLINK_UPDATE") != nullptr) std::ofstream(path) << told;
  EXPECT_EQ(ReadAll(path), told) << path << " (KLINK_UPDATE=1 rewrites it)";
}

INSTANTIATE_TEST_SUITE_P(All, Scripted, testing::ValuesIn(Scripts()), [](const auto& script) {
  std::string name = script.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

}  // namespace
}  // namespace klink::failover::sim
