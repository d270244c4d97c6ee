// docs/openapi.json is what the agent serves, and tells every route: KLINK_UPDATE=1 rewrites it.
#include "http/openapi.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/json_schema.h"
#include "tests/http/server_fixture.h"

namespace klink::http {
namespace {

using testing::HasSubstr;

TEST(OpenApi, IsWhatTheDocumentSays) {
  const std::filesystem::path file = std::filesystem::path(KLINK_SOURCE_DIR) / "docs/openapi.json";
  const std::string text = PrettyJson(OpenApi(RouteTable()));
  if (getenv("KLINK_UPDATE") != nullptr) std::ofstream(file) << text;
  std::stringstream found;
  found << std::ifstream(file).rdbuf();
  EXPECT_EQ(found.str(), text) << "docs/openapi.json (KLINK_UPDATE=1 rewrites it)";
}

// As a linter reads it: every operation has an id of its own, its path's parameters and an answer.
TEST(OpenApi, EveryRouteIsToldOnceAndWhole) {
  const Json document = OpenApi(RouteTable());
  FakeAgent agent;
  Metrics metrics;
  const Router router = MakeRoutes(agent, metrics);
  std::set<std::string> ids;
  size_t operations = 0;
  for (const auto& [path, methods] : FindJson(document, "paths")->as_object())
    for (const auto& [method, operation] : methods.as_object()) {
      operations++;
      EXPECT_TRUE(ids.insert(*JsonText(operation, "operationId")).second) << path;
      EXPECT_FALSE(JsonText(operation, "summary")->empty()) << path;
      size_t named = 0;
      if (const Json* parameters = FindJson(operation, "parameters"))
        for (const Json& parameter : parameters->as_array())
          if (*JsonText(parameter, "in") == "path") {
            named++;
            EXPECT_NE(path.find("{" + *JsonText(parameter, "name") + "}"), boost::json::string_view::npos) << path;
          }
      EXPECT_EQ(static_cast<ptrdiff_t>(named), std::count(path.begin(), path.end(), '{')) << path;
      EXPECT_TRUE(FindJson(*FindJson(operation, "responses"), "default") != nullptr) << path;
    }
  EXPECT_EQ(operations, router.routes().size());
  for (const Router::Route& route : router.routes()) {
    const Json* path = FindJson(*FindJson(document, "paths"), NamedPath(route.pattern));
    EXPECT_NE(path, nullptr) << route.pattern;
  }
}

TEST(OpenApi, PathsNameWhatTheyTake) {
  EXPECT_EQ(NamedPath("/v1/links/{}:pause"), "/v1/links/{link}:pause");
  EXPECT_EQ(NamedPath("/v3/clusters/{}/links/{}/configs/{}"), "/v3/clusters/{cluster_id}/links/{link}/configs/{name}");
  EXPECT_EQ(NamedPath("/v1/links/{}/mirrors/{}/runs"), "/v1/links/{link}/mirrors/{topic}/runs");
}

struct Sample {
  std::string text;
  std::optional<int64_t> number;
  static void Describe(auto& m, auto& field) {
    field("text", m.text);
    field("number", m.number);
  }
};

TEST(JsonSchema, IsThatOfWhatIsDescribed) {
  EXPECT_EQ(
      CompactJson(Schema(Sample(), SchemaOf::kAnswer)),
      R"({"type":"object","properties":{"text":{"type":"string"},)"
      R"("number":{"anyOf":[{"type":"integer","format":"int64"},{"type":"null"}]}},"required":["text","number"]})");
  EXPECT_THAT(CompactJson(Schema(Sample(), SchemaOf::kBody)), HasSubstr(R"("additionalProperties":false)"));
}

using OpenApiTest = ServerTest;
TEST_F(OpenApiTest, IsServed) {
  Start();
  EXPECT_THAT(Ask("/openapi.json").body, testing::StartsWith(R"({"openapi":"3.1.0")"));
}

}  // namespace
}  // namespace klink::http
