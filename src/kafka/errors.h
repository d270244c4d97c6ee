// Kafka's error codes and what each one asks of klink, in one table.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/status.h"

namespace klink::kafka {

// What to do about an error. The table says it once; nobody else switches over codes.
enum class Verdict : uint8_t {
  kNone,             // no error
  kRetry,            // the same thing again, after a back-off
  kRefreshMetadata,  // the leader or broker moved: ask where, then again
  kReset,            // the offset is outside the log: retention overtook us, or the log was truncated
  kFenced,           // a newer owner exists: give up what is held
  kRefused,          // the broker will not take this data: pause the partition with the reason
  kTopicChanged,     // the topic was probably deleted and created again: ask Metadata for its id
  kThrottle,         // wait as long as the broker says
  kOperator,         // authorization or configuration: a person must act
  kAppended,         // the outcome is unclear or "done, but": look at the log before anything is sent again
  kSequence,         // the compare-and-append did not match: stop, read both logs
  kCorrupt,          // bytes changed on the way
  kCoordinator,      // the coordinator moved or is loading: find it, then again
  kAbort,            // the transaction cannot go on: abort it, look at the log, begin it again
  kFatal,            // should not be possible: a defect here or there
};

// clang-format off
#define KLINK_KAFKA_ERRORS(ROW) \
  ROW(UnknownServerError, "UNKNOWN_SERVER_ERROR", -1, kRetry) \
  ROW(None, "NONE", 0, kNone) \
  ROW(OffsetOutOfRange, "OFFSET_OUT_OF_RANGE", 1, kReset) \
  ROW(CorruptMessage, "CORRUPT_MESSAGE", 2, kCorrupt) \
  ROW(UnknownTopicOrPartition, "UNKNOWN_TOPIC_OR_PARTITION", 3, kRefreshMetadata) \
  ROW(InvalidFetchSize, "INVALID_FETCH_SIZE", 4, kFatal) \
  ROW(LeaderNotAvailable, "LEADER_NOT_AVAILABLE", 5, kRefreshMetadata) \
  ROW(NotLeaderOrFollower, "NOT_LEADER_OR_FOLLOWER", 6, kRefreshMetadata) \
  ROW(RequestTimedOut, "REQUEST_TIMED_OUT", 7, kAppended) \
  ROW(BrokerNotAvailable, "BROKER_NOT_AVAILABLE", 8, kRefreshMetadata) \
  ROW(ReplicaNotAvailable, "REPLICA_NOT_AVAILABLE", 9, kRefreshMetadata) \
  ROW(MessageTooLarge, "MESSAGE_TOO_LARGE", 10, kRefused) \
  ROW(StaleControllerEpoch, "STALE_CONTROLLER_EPOCH", 11, kFatal) \
  ROW(OffsetMetadataTooLarge, "OFFSET_METADATA_TOO_LARGE", 12, kRefused) \
  ROW(NetworkException, "NETWORK_EXCEPTION", 13, kRefreshMetadata) \
  ROW(CoordinatorLoadInProgress, "COORDINATOR_LOAD_IN_PROGRESS", 14, kCoordinator) \
  ROW(CoordinatorNotAvailable, "COORDINATOR_NOT_AVAILABLE", 15, kCoordinator) \
  ROW(NotCoordinator, "NOT_COORDINATOR", 16, kCoordinator) \
  ROW(InvalidTopic, "INVALID_TOPIC_EXCEPTION", 17, kOperator) \
  ROW(RecordListTooLarge, "RECORD_LIST_TOO_LARGE", 18, kRefused) \
  ROW(NotEnoughReplicas, "NOT_ENOUGH_REPLICAS", 19, kRetry) \
  ROW(NotEnoughReplicasAfterAppend, "NOT_ENOUGH_REPLICAS_AFTER_APPEND", 20, kAppended) \
  ROW(InvalidRequiredAcks, "INVALID_REQUIRED_ACKS", 21, kFatal) \
  ROW(IllegalGeneration, "ILLEGAL_GENERATION", 22, kFenced) \
  ROW(InconsistentGroupProtocol, "INCONSISTENT_GROUP_PROTOCOL", 23, kOperator) \
  ROW(InvalidGroupId, "INVALID_GROUP_ID", 24, kOperator) \
  ROW(UnknownMemberId, "UNKNOWN_MEMBER_ID", 25, kFenced) \
  ROW(InvalidSessionTimeout, "INVALID_SESSION_TIMEOUT", 26, kOperator) \
  ROW(RebalanceInProgress, "REBALANCE_IN_PROGRESS", 27, kRetry) \
  ROW(InvalidCommitOffsetSize, "INVALID_COMMIT_OFFSET_SIZE", 28, kRefused) \
  ROW(TopicAuthorizationFailed, "TOPIC_AUTHORIZATION_FAILED", 29, kOperator) \
  ROW(GroupAuthorizationFailed, "GROUP_AUTHORIZATION_FAILED", 30, kOperator) \
  ROW(ClusterAuthorizationFailed, "CLUSTER_AUTHORIZATION_FAILED", 31, kOperator) \
  ROW(InvalidTimestamp, "INVALID_TIMESTAMP", 32, kRefused) \
  ROW(UnsupportedSaslMechanism, "UNSUPPORTED_SASL_MECHANISM", 33, kOperator) \
  ROW(IllegalSaslState, "ILLEGAL_SASL_STATE", 34, kFatal) \
  ROW(UnsupportedVersion, "UNSUPPORTED_VERSION", 35, kOperator) \
  ROW(TopicAlreadyExists, "TOPIC_ALREADY_EXISTS", 36, kOperator) \
  ROW(InvalidPartitions, "INVALID_PARTITIONS", 37, kOperator) \
  ROW(InvalidReplicationFactor, "INVALID_REPLICATION_FACTOR", 38, kOperator) \
  ROW(InvalidReplicaAssignment, "INVALID_REPLICA_ASSIGNMENT", 39, kOperator) \
  ROW(InvalidConfig, "INVALID_CONFIG", 40, kOperator) \
  ROW(NotController, "NOT_CONTROLLER", 41, kRefreshMetadata) \
  ROW(InvalidRequest, "INVALID_REQUEST", 42, kFatal) \
  ROW(UnsupportedForMessageFormat, "UNSUPPORTED_FOR_MESSAGE_FORMAT", 43, kOperator) \
  ROW(PolicyViolation, "POLICY_VIOLATION", 44, kRefused) \
  ROW(OutOfOrderSequenceNumber, "OUT_OF_ORDER_SEQUENCE_NUMBER", 45, kSequence) \
  ROW(DuplicateSequenceNumber, "DUPLICATE_SEQUENCE_NUMBER", 46, kSequence) \
  ROW(InvalidProducerEpoch, "INVALID_PRODUCER_EPOCH", 47, kFenced) \
  ROW(InvalidTxnState, "INVALID_TXN_STATE", 48, kAbort) \
  ROW(InvalidProducerIdMapping, "INVALID_PRODUCER_ID_MAPPING", 49, kFenced) \
  ROW(InvalidTransactionTimeout, "INVALID_TRANSACTION_TIMEOUT", 50, kOperator) \
  ROW(ConcurrentTransactions, "CONCURRENT_TRANSACTIONS", 51, kRetry) \
  ROW(TransactionCoordinatorFenced, "TRANSACTION_COORDINATOR_FENCED", 52, kFenced) \
  ROW(TransactionalIdAuthorizationFailed, "TRANSACTIONAL_ID_AUTHORIZATION_FAILED", 53, kOperator) \
  ROW(SecurityDisabled, "SECURITY_DISABLED", 54, kOperator) \
  ROW(OperationNotAttempted, "OPERATION_NOT_ATTEMPTED", 55, kRetry) \
  ROW(KafkaStorageError, "KAFKA_STORAGE_ERROR", 56, kRetry) \
  ROW(LogDirNotFound, "LOG_DIR_NOT_FOUND", 57, kOperator) \
  ROW(SaslAuthenticationFailed, "SASL_AUTHENTICATION_FAILED", 58, kOperator) \
  ROW(UnknownProducerId, "UNKNOWN_PRODUCER_ID", 59, kSequence) \
  ROW(ReassignmentInProgress, "REASSIGNMENT_IN_PROGRESS", 60, kRetry) \
  ROW(DelegationTokenAuthDisabled, "DELEGATION_TOKEN_AUTH_DISABLED", 61, kOperator) \
  ROW(DelegationTokenNotFound, "DELEGATION_TOKEN_NOT_FOUND", 62, kOperator) \
  ROW(DelegationTokenOwnerMismatch, "DELEGATION_TOKEN_OWNER_MISMATCH", 63, kOperator) \
  ROW(DelegationTokenRequestNotAllowed, "DELEGATION_TOKEN_REQUEST_NOT_ALLOWED", 64, kOperator) \
  ROW(DelegationTokenAuthorizationFailed, "DELEGATION_TOKEN_AUTHORIZATION_FAILED", 65, kOperator) \
  ROW(DelegationTokenExpired, "DELEGATION_TOKEN_EXPIRED", 66, kOperator) \
  ROW(InvalidPrincipalType, "INVALID_PRINCIPAL_TYPE", 67, kOperator) \
  ROW(NonEmptyGroup, "NON_EMPTY_GROUP", 68, kOperator) \
  ROW(GroupIdNotFound, "GROUP_ID_NOT_FOUND", 69, kOperator) \
  ROW(FetchSessionIdNotFound, "FETCH_SESSION_ID_NOT_FOUND", 70, kRetry) \
  ROW(InvalidFetchSessionEpoch, "INVALID_FETCH_SESSION_EPOCH", 71, kRetry) \
  ROW(ListenerNotFound, "LISTENER_NOT_FOUND", 72, kRefreshMetadata) \
  ROW(TopicDeletionDisabled, "TOPIC_DELETION_DISABLED", 73, kOperator) \
  ROW(FencedLeaderEpoch, "FENCED_LEADER_EPOCH", 74, kRefreshMetadata) \
  ROW(UnknownLeaderEpoch, "UNKNOWN_LEADER_EPOCH", 75, kRefreshMetadata) \
  ROW(UnsupportedCompressionType, "UNSUPPORTED_COMPRESSION_TYPE", 76, kRefused) \
  ROW(StaleBrokerEpoch, "STALE_BROKER_EPOCH", 77, kFatal) \
  ROW(OffsetNotAvailable, "OFFSET_NOT_AVAILABLE", 78, kRetry) \
  ROW(MemberIdRequired, "MEMBER_ID_REQUIRED", 79, kRetry) \
  ROW(PreferredLeaderNotAvailable, "PREFERRED_LEADER_NOT_AVAILABLE", 80, kRetry) \
  ROW(GroupMaxSizeReached, "GROUP_MAX_SIZE_REACHED", 81, kOperator) \
  ROW(FencedInstanceId, "FENCED_INSTANCE_ID", 82, kFenced) \
  ROW(EligibleLeadersNotAvailable, "ELIGIBLE_LEADERS_NOT_AVAILABLE", 83, kRetry) \
  ROW(ElectionNotNeeded, "ELECTION_NOT_NEEDED", 84, kRetry) \
  ROW(NoReassignmentInProgress, "NO_REASSIGNMENT_IN_PROGRESS", 85, kFatal) \
  ROW(GroupSubscribedToTopic, "GROUP_SUBSCRIBED_TO_TOPIC", 86, kOperator) \
  ROW(InvalidRecord, "INVALID_RECORD", 87, kRefused) \
  ROW(UnstableOffsetCommit, "UNSTABLE_OFFSET_COMMIT", 88, kRetry) \
  ROW(ThrottlingQuotaExceeded, "THROTTLING_QUOTA_EXCEEDED", 89, kThrottle) \
  ROW(ProducerFenced, "PRODUCER_FENCED", 90, kFenced) \
  ROW(ResourceNotFound, "RESOURCE_NOT_FOUND", 91, kOperator) \
  ROW(DuplicateResource, "DUPLICATE_RESOURCE", 92, kFatal) \
  ROW(UnacceptableCredential, "UNACCEPTABLE_CREDENTIAL", 93, kOperator) \
  ROW(InconsistentVoterSet, "INCONSISTENT_VOTER_SET", 94, kFatal) \
  ROW(InvalidUpdateVersion, "INVALID_UPDATE_VERSION", 95, kFatal) \
  ROW(FeatureUpdateFailed, "FEATURE_UPDATE_FAILED", 96, kFatal) \
  ROW(PrincipalDeserializationFailure, "PRINCIPAL_DESERIALIZATION_FAILURE", 97, kOperator) \
  ROW(SnapshotNotFound, "SNAPSHOT_NOT_FOUND", 98, kFatal) \
  ROW(PositionOutOfRange, "POSITION_OUT_OF_RANGE", 99, kFatal) \
  ROW(UnknownTopicId, "UNKNOWN_TOPIC_ID", 100, kTopicChanged) \
  ROW(DuplicateBrokerRegistration, "DUPLICATE_BROKER_REGISTRATION", 101, kFatal) \
  ROW(BrokerIdNotRegistered, "BROKER_ID_NOT_REGISTERED", 102, kFatal) \
  ROW(InconsistentTopicId, "INCONSISTENT_TOPIC_ID", 103, kTopicChanged) \
  ROW(InconsistentClusterId, "INCONSISTENT_CLUSTER_ID", 104, kOperator) \
  ROW(TransactionalIdNotFound, "TRANSACTIONAL_ID_NOT_FOUND", 105, kOperator) \
  ROW(FetchSessionTopicIdError, "FETCH_SESSION_TOPIC_ID_ERROR", 106, kTopicChanged) \
  ROW(IneligibleReplica, "INELIGIBLE_REPLICA", 107, kFatal) \
  ROW(NewLeaderElected, "NEW_LEADER_ELECTED", 108, kRefreshMetadata) \
  ROW(OffsetMovedToTieredStorage, "OFFSET_MOVED_TO_TIERED_STORAGE", 109, kFatal) \
  ROW(FencedMemberEpoch, "FENCED_MEMBER_EPOCH", 110, kFenced) \
  ROW(UnreleasedInstanceId, "UNRELEASED_INSTANCE_ID", 111, kRetry) \
  ROW(UnsupportedAssignor, "UNSUPPORTED_ASSIGNOR", 112, kOperator) \
  ROW(StaleMemberEpoch, "STALE_MEMBER_EPOCH", 113, kRetry) \
  ROW(MismatchedEndpointType, "MISMATCHED_ENDPOINT_TYPE", 114, kOperator) \
  ROW(UnsupportedEndpointType, "UNSUPPORTED_ENDPOINT_TYPE", 115, kOperator) \
  ROW(UnknownControllerId, "UNKNOWN_CONTROLLER_ID", 116, kFatal) \
  ROW(UnknownSubscriptionId, "UNKNOWN_SUBSCRIPTION_ID", 117, kFatal) \
  ROW(TelemetryTooLarge, "TELEMETRY_TOO_LARGE", 118, kFatal) \
  ROW(InvalidRegistration, "INVALID_REGISTRATION", 119, kFatal) \
  ROW(TransactionAbortable, "TRANSACTION_ABORTABLE", 120, kAbort) \
  ROW(InvalidRecordState, "INVALID_RECORD_STATE", 121, kFatal) \
  ROW(ShareSessionNotFound, "SHARE_SESSION_NOT_FOUND", 122, kRetry) \
  ROW(InvalidShareSessionEpoch, "INVALID_SHARE_SESSION_EPOCH", 123, kRetry) \
  ROW(FencedStateEpoch, "FENCED_STATE_EPOCH", 124, kFenced) \
  ROW(InvalidVoterKey, "INVALID_VOTER_KEY", 125, kFatal) \
  ROW(DuplicateVoter, "DUPLICATE_VOTER", 126, kFatal) \
  ROW(VoterNotFound, "VOTER_NOT_FOUND", 127, kFatal) \
  ROW(InvalidRegularExpression, "INVALID_REGULAR_EXPRESSION", 128, kOperator) \
  ROW(RebootstrapRequired, "REBOOTSTRAP_REQUIRED", 129, kRefreshMetadata) \
  ROW(StreamsInvalidTopology, "STREAMS_INVALID_TOPOLOGY", 130, kOperator) \
  ROW(StreamsInvalidTopologyEpoch, "STREAMS_INVALID_TOPOLOGY_EPOCH", 131, kFatal) \
  ROW(StreamsTopologyFenced, "STREAMS_TOPOLOGY_FENCED", 132, kFenced) \
  ROW(ShareSessionLimitReached, "SHARE_SESSION_LIMIT_REACHED", 133, kRetry)
// clang-format on

// Codes a newer broker may add keep their number and count as kFatal.
enum class Error : int16_t {
#define KLINK_ROW(NAME, TEXT, CODE, VERDICT) k##NAME = CODE,
  KLINK_KAFKA_ERRORS(KLINK_ROW)
#undef KLINK_ROW
};

std::string_view Name(Error error);  // "NOT_LEADER_OR_FOLLOWER"; "UNKNOWN" for a code outside the table
Verdict VerdictOf(Error error);
std::string_view Name(Verdict verdict);

// "doing: NAME (code)", for an operator also what to do; Ok for kNone. The error stays readable with ErrorOf, also
// after Annotate.
Status ToStatus(Error error, std::string_view doing);
// With the text a broker sent along.
Status ToStatus(Error error, std::string_view doing, const std::optional<std::string>& broker_says);
std::optional<Error> ErrorOf(const Status& status);

}  // namespace klink::kafka
