#include "link/provenance.h"

#include <gmock/gmock.h>

#include "link/foreign_links.h"
#include "link/halt.h"
#include "state/records.h"

namespace klink::link {
namespace {

using state::Phase;
using state::Reason;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// The link "ours" copies a topic of B to C.
ProvenanceFacts Facts(std::optional<int64_t> created_ms = {}) {
  ProvenanceFacts facts;
  facts.link = "ours";
  facts.source = "b";
  facts.destination = "c";
  facts.destination_id = "C";
  facts.source_topic = "t";
  facts.destination_topic = "b.t";
  facts.created_ms = created_ms;
  return facts;
}

Claim By(std::string link, std::string source_cluster_id, std::vector<std::string> origins = {},
         int64_t created_ms = 50) {
  return {std::move(link), std::move(source_cluster_id), "x", created_ms, std::move(origins)};
}

std::optional<Reason> Verdict(const ProvenanceFacts& facts) { return ReasonOf(CheckProvenance(facts)); }

TEST(Provenance, ATopicOfTheSourceItselfIsCopied) { EXPECT_TRUE(CheckProvenance(Facts()).ok()); }

TEST(Provenance, AChainIsNoLoop) {
  ProvenanceFacts facts = Facts();
  facts.at_source = {By("a-to-b", "A", {"Z"})};
  EXPECT_TRUE(CheckProvenance(facts).ok());
}

TEST(Provenance, WhatCameFromTheDestinationIsNotCopiedBackUnderAnyName) {
  ProvenanceFacts facts = Facts();
  facts.at_source = {By("c-to-b", "C")};
  EXPECT_EQ(Verdict(facts), Reason::kMirrorLoop);
  EXPECT_THAT(Text(CheckProvenance(facts)), HasSubstr("link c-to-b makes it from x of c"));
}

TEST(Provenance, ACycleThroughOtherClustersIsSeenByItsOrigins) {
  ProvenanceFacts facts = Facts();
  facts.at_source = {By("a-to-b", "A", {"D", "C"})};
  EXPECT_EQ(Verdict(facts), Reason::kMirrorLoop);
  EXPECT_THAT(Text(CheckProvenance(facts)), HasSubstr("came there from c"));
}

TEST(Provenance, TwoLinksDoNotWriteOneTopic) {
  ProvenanceFacts facts = Facts();
  facts.at_destination = {By("a-to-c", "A")};
  EXPECT_EQ(Verdict(facts), Reason::kMirroredByAnotherLink);
  EXPECT_THAT(Text(CheckProvenance(facts)), HasSubstr("topic b.t of c is written by link a-to-c already"));
}

TEST(Provenance, OfTwoThatBeginAtOnceTheOlderOneStands) {
  for (const bool loop : {true, false}) {
    ProvenanceFacts facts = Facts();
    (loop ? facts.at_source : facts.at_destination) = {By("other", "C", {}, 50)};
    facts.created_ms = 49;
    EXPECT_TRUE(CheckProvenance(facts).ok());
    facts.created_ms = 51;
    EXPECT_FALSE(CheckProvenance(facts).ok());
    // At the same millisecond exactly one of both.
    facts.created_ms = 50;
    const bool ours_stands = CheckProvenance(facts).ok();
    facts.link = "other";
    (loop ? facts.at_source : facts.at_destination) = {By("ours", "C", {}, 50)};
    EXPECT_NE(ours_stands, CheckProvenance(facts).ok());
  }
}

TEST(Provenance, OriginsGrowAlongAChain) {
  EXPECT_THAT(OriginsOf({}), IsEmpty());
  EXPECT_THAT(OriginsOf({By("a-to-b", "A", {"Z", "Y"})}), ElementsAre("A", "Z", "Y"));
  EXPECT_THAT(OriginsOf({By("a-to-b", "A", {"Z"}), By("z-to-b", "Z", {"A"})}), ElementsAre("A", "Z")) << "each once";
}

// A link's state with one mirror.
state::StateView StateOf(state::MirrorRecord mirror) {
  state::LinkRecord link;
  link.source_cluster_id = "A";
  link.destination_cluster_id = "B";
  state::StateView view;
  for (const state::Record& record : {state::Record(link), state::Record(std::move(mirror))}) {
    const admin::KeyValue written = state::Encode(record);
    view.Apply(written.key, written.value);
  }
  return view;
}

state::MirrorRecord Mirror(Phase phase, std::optional<Reason> reason = {}) {
  state::MirrorRecord record;
  record.source_topic = "t";
  record.destination_topic = "a.t";
  record.phase = phase;
  record.reason = reason;
  record.created_ms = 7;
  record.origins = {"Z"};
  return record;
}

TEST(Provenance, AMirrorClaimsItsTopicInEveryPhaseButTheLast) {
  for (const Phase phase : {Phase::kCreating, Phase::kPrefill, Phase::kActive, Phase::kFailed, Phase::kPendingStopped})
    EXPECT_TRUE(ClaimOn("l", StateOf(Mirror(phase)), "a.t")) << Name(phase);
  EXPECT_TRUE(ClaimOn("l", StateOf(Mirror(Phase::kPaused, Reason::kPausedByOperator)), "a.t"));
  EXPECT_FALSE(ClaimOn("l", StateOf(Mirror(Phase::kStopped)), "a.t")) << "promoted: it is an original now";
  EXPECT_FALSE(ClaimOn("l", StateOf(Mirror(Phase::kPaused, Reason::kFilteredOut)), "a.t")) << "excluded on purpose";
  EXPECT_FALSE(ClaimOn("l", StateOf(Mirror(Phase::kActive)), "t")) << "it is the name at that cluster that counts";
  const auto claim = ClaimOn("l", StateOf(Mirror(Phase::kActive)), "a.t");
  EXPECT_EQ(claim->source_cluster_id, "A");
  EXPECT_EQ(claim->created_ms, 7);
  EXPECT_THAT(claim->origins, ElementsAre("Z"));
}

TEST(Provenance, AnOldSourceIsNotWrittenToWithoutAWord) {
  state::MirrorRecord promoted = Mirror(Phase::kStopped);
  promoted.source_topic_id = "its id";
  const auto former = FormerOn("a-to-b", StateOf(promoted), "a.t");
  ASSERT_TRUE(former);
  EXPECT_FALSE(FormerOn("a-to-b", StateOf(Mirror(Phase::kActive)), "a.t")) << "that is a loop";
  // We copy a.t of B to A, where it came from.
  const OldSourceFacts back{"b", "a", "A", "a.t", "t", "its id"};
  EXPECT_EQ(ReasonOf(CheckOldSource(back, {*former})), Reason::kOldSource);
  EXPECT_THAT(Text(CheckOldSource(back, {*former})), HasSubstr("klink mirror reverse --link a-to-b"));
  OldSourceFacts other = back;
  other.destination_topic_id = "another id";
  EXPECT_TRUE(CheckOldSource(other, {*former}).ok()) << "made again since";
  other = back;
  other.destination_topic = "a.t";
  EXPECT_TRUE(CheckOldSource(other, {*former}).ok()) << "another name";
  other = back;
  other.destination_id = "C";
  EXPECT_TRUE(CheckOldSource(other, {*former}).ok()) << "a third cluster";
}

TEST(Provenance, KnowsStateTopicsByTheirNames) {
  EXPECT_EQ(LinkOfStateTopic("_klink.paris-to-lyon.state"), "paris-to-lyon");
  for (const char* other : {"_klink..state", "_klink.state", "_klink.a.runs", "klink.a.state", "_klink.a.state2", "",
                            "_klink.drill.20270115T080000Z-ab12.state"})
    EXPECT_EQ(LinkOfStateTopic(other), "") << other;
}

}  // namespace
}  // namespace klink::link
