#include "kafka/errors.h"

#include <gtest/gtest.h>

namespace klink::kafka {
namespace {

TEST(Errors, EachHasTheVerdictTheWriterNeeds) {
  for (Error error : {Error::kNotLeaderOrFollower, Error::kFencedLeaderEpoch, Error::kUnknownLeaderEpoch,
                      Error::kUnknownTopicOrPartition, Error::kLeaderNotAvailable}) {
    EXPECT_EQ(VerdictOf(error), Verdict::kRefreshMetadata) << Name(error);
  }
  for (Error error : {Error::kNotEnoughReplicas, Error::kKafkaStorageError}) {
    EXPECT_EQ(VerdictOf(error), Verdict::kRetry) << Name(error);
  }
  for (Error error : {Error::kNotEnoughReplicasAfterAppend, Error::kRequestTimedOut}) {
    EXPECT_EQ(VerdictOf(error), Verdict::kAppended) << Name(error);
  }
  for (Error error : {Error::kInvalidProducerEpoch, Error::kTransactionCoordinatorFenced, Error::kProducerFenced}) {
    EXPECT_EQ(VerdictOf(error), Verdict::kFenced) << Name(error);
  }
  for (Error error : {Error::kMessageTooLarge, Error::kRecordListTooLarge, Error::kInvalidTimestamp,
                      Error::kPolicyViolation, Error::kInvalidRecord}) {
    EXPECT_EQ(VerdictOf(error), Verdict::kRefused) << Name(error);
  }
  for (Error error : {Error::kUnknownTopicId, Error::kInconsistentTopicId, Error::kFetchSessionTopicIdError}) {
    EXPECT_EQ(VerdictOf(error), Verdict::kTopicChanged) << Name(error);
  }
  // A transaction's writer.
  for (Error error : {Error::kInvalidTxnState, Error::kTransactionAbortable}) {
    EXPECT_EQ(VerdictOf(error), Verdict::kAbort) << Name(error);
  }
  EXPECT_EQ(VerdictOf(Error::kConcurrentTransactions), Verdict::kRetry);
  EXPECT_EQ(VerdictOf(Error::kInvalidProducerIdMapping), Verdict::kFenced);
  EXPECT_EQ(VerdictOf(Error::kInvalidTransactionTimeout), Verdict::kOperator);
  EXPECT_EQ(VerdictOf(Error::kOutOfOrderSequenceNumber), Verdict::kSequence);
  EXPECT_EQ(VerdictOf(Error::kCorruptMessage), Verdict::kCorrupt);
  EXPECT_EQ(VerdictOf(Error::kOffsetOutOfRange), Verdict::kReset);
  EXPECT_EQ(VerdictOf(Error::kThrottlingQuotaExceeded), Verdict::kThrottle);
  EXPECT_EQ(VerdictOf(Error::kNotCoordinator), Verdict::kCoordinator);
  EXPECT_EQ(VerdictOf(Error::kTopicAuthorizationFailed), Verdict::kOperator);
}

TEST(Errors, BecomeAStatusThatStillKnowsTheError) {
  const Status status = Annotate(ToStatus(Error::kTopicAuthorizationFailed, "producing to orders-3"), "link east");
  EXPECT_EQ(status.code(), Code::kPermissionDenied);
  EXPECT_EQ(Text(status),
            "link east: producing to orders-3: TOPIC_AUTHORIZATION_FAILED (29); grant klink's principal this operation "
            "on the topic");
  EXPECT_EQ(ErrorOf(status), Error::kTopicAuthorizationFailed);
}

TEST(Errors, QuoteTheBroker) {
  EXPECT_EQ(Text(ToStatus(Error::kInvalidRecord, "producing to t-0", "one batch only")),
            "producing to t-0: INVALID_RECORD (87), the broker says: one batch only");
}

TEST(Errors, OfNoErrorAreOk) {
  EXPECT_TRUE(ToStatus(Error::kNone, "anything").ok());
  EXPECT_EQ(ErrorOf(Unavailable("the socket closed")), std::nullopt);
}

TEST(Errors, ACodeFromANewerBrokerKeepsItsNumber) {
  const auto unheard_of = static_cast<Error>(4711);
  EXPECT_EQ(VerdictOf(unheard_of), Verdict::kFatal);
  const Status status = ToStatus(unheard_of, "asking");
  EXPECT_EQ(Text(status), "asking: UNKNOWN (4711)");
  EXPECT_EQ(ErrorOf(status), unheard_of);
}

TEST(Errors, WhatCanBeTriedAgainIsUnavailable) {
  for (Error error : {Error::kNotLeaderOrFollower, Error::kNotEnoughReplicas, Error::kRequestTimedOut,
                      Error::kNotCoordinator, Error::kThrottlingQuotaExceeded}) {
    EXPECT_TRUE(IsUnavailable(ToStatus(error, "x"))) << Name(error);
  }
  EXPECT_EQ(ToStatus(Error::kCorruptMessage, "x").code(), Code::kDataLoss);
  EXPECT_EQ(ToStatus(Error::kTransactionalIdNotFound, "x").code(), Code::kNotFound);
  EXPECT_EQ(ToStatus(Error::kOffsetOutOfRange, "x").code(), Code::kOutOfRange);
}

}  // namespace
}  // namespace klink::kafka
