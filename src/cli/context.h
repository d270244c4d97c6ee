// What every verb gets: the global flags, where to write, and how to end with an error. Results go to `out`, everything
// else to `err`.
#pragma once

#include <functional>
#include <ostream>
#include <string>

#include "base/json.h"
#include "cli/exit.h"
#include "config/schema.h"

namespace CLI {
class App;
}

namespace klink::cli {

struct Io {
  std::ostream& out;
  std::ostream& err;
  config::EnvLookup env;
  bool terminal = false;       // `out` is one, so colours may be used
  std::istream* in = nullptr;  // where a person answers; null: nobody is there to be asked
};

enum class Output { kHuman, kJson, kYaml };

struct Globals {
  std::string config;      // --config; empty: $KLINK_CONFIG, then kDefaultConfig
  std::string url;         // --url; empty: $KLINK_URL, then from the configuration
  std::string token_file;  // --token-file; empty: $KLINK_TOKEN_FILE
  std::string ca_file;     // --ca-file; empty: $KLINK_CA_FILE
  std::string link;
  std::string reason;  // why, for verbs that change something
  Output output = Output::kHuman;
  bool no_color = false;
  bool verbose = false;
};

inline constexpr const char* kDefaultConfig = "/etc/klink/klink.yaml";

struct Context {
  Io io;
  Globals globals;
  std::function<Exit()> action;  // what the chosen verb will do

  bool color() const { return io.terminal && !globals.no_color && !io.env("NO_COLOR").has_value(); }
  std::string ConfigPath() const;
  bool ConfigIsNamed() const;  // by --config or $KLINK_CONFIG
  // A path as the configuration writes it: relative to the configuration's directory.
  std::string FileOfConfig(const std::string& path) const;
  StatusOr<config::Config> LoadConfig() const;
  // The one that --link names, or the only one there is.
  StatusOr<config::LinkConfig> PickLink(const config::Config& config) const;

  // "klink: text" on err, and the code that fits.
  Exit Fail(const Status& status) const { return Fail(status, ExitFor(status)); }
  Exit Fail(const Status& status, Exit code) const;
  // As JSON or YAML, by -o.
  void Print(const Json& json) const;
};

// One per verb, each in the file of its name.
void AddRun(CLI::App& app, Context& context);
void AddValidate(CLI::App& app, Context& context);
void AddStatus(CLI::App& app, Context& context);
void AddLink(CLI::App& app, Context& context);
void AddMirror(CLI::App& app, Context& context);
void AddMirrorControl(CLI::App& mirror, Context& context);  // pause, resume
void AddMirrorRealign(CLI::App& mirror, Context& context);
void AddMirrorFailback(CLI::App& mirror, Context& context);
void AddMirrorErrors(CLI::App& mirror, Context& context);
void AddPromote(CLI::App& parent, Context& context);  // promote and failover: of `klink` and of `klink mirror`
void AddReverse(CLI::App& parent, Context& context);  // of both as well
void AddCutover(CLI::App& app, Context& context);
void AddVerify(CLI::App& app, Context& context);
void AddOffsets(CLI::App& app, Context& context);
void AddOffsetsAt(CLI::App& offsets, Context& context);
void AddDiff(CLI::App& app, Context& context);
void AddDrill(CLI::App& app, Context& context);
void AddOffsetsGroup(CLI::App& offsets, Context& context);
void AddExplain(CLI::App& app, Context& context);
void AddAcl(CLI::App& app, Context& context);
void AddAudit(CLI::App& app, Context& context);
void AddLag(CLI::App& app, Context& context);
void AddCheck(CLI::App& app, Context& context);
void AddConfig(CLI::App& app, Context& context);
void AddCompletion(CLI::App& app, Context& context);  // describes `app` as it is when it is asked
void AddMan(CLI::App& app, Context& context);
void AddVersion(CLI::App& app, Context& context);
// Verbs that this version refuses by name.
void AddLaterVerbs(CLI::App& app, Context& context);

}  // namespace klink::cli
