// A pair of clusters and one agent for all cases of a program; each case uses topics of its own ("t-…").
#pragma once

#include <memory>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "integration/mirror_check.h"

namespace klink::it {

class MirrorFixture : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    pair_ = std::make_unique<ClusterPair>();
    agent_ = std::make_unique<Agent>(LinkOfPair());
    agent_->Start();
  }
  static void TearDownTestSuite() {
    if (testing::UnitTest::GetInstance()->current_test_suite()->Failed()) {
      agent_->KeepFiles();
      pair_->destination.KeepFiles();
    }
    agent_.reset();
    pair_.reset();
  }

  static LinkFile LinkOfPair() {
    LinkFile file;
    file.source = pair_->source.bootstrap();
    file.destination = pair_->destination.bootstrap();
    return file;
  }
  static Cluster& source() { return pair_->source; }
  static Cluster& destination() { return pair_->destination; }
  static Agent& agent() { return *agent_; }

  // Mirrored to the end, proven by the oracle and by klink verify --full.
  static void ExpectProvenEqual(const std::string& topic) {
    AwaitMirrored(source(), destination(), topic);
    EXPECT_EQ(OracleOnIdentical(source(), destination(), topic), "");
    EXPECT_EQ(VerifyComplaint(agent(), topic), "");
  }

  static inline std::unique_ptr<ClusterPair> pair_;
  static inline std::unique_ptr<Agent> agent_;
};

}  // namespace klink::it
