// Every event klink logs: name, id, cause, remedy. Operators search for the id; docs/events.md is printed from here.
// Add a row at the end of its group; an id is never given to another event.
//
//   KL10xx the process   KL11xx links and membership   KL12xx topics and partitions   KL13xx clusters and connections
//   KL14xx offsets and local store   KL15xx HTTP   KL16xx consumer groups
#pragma once

#include <cstdint>
#include <string_view>

// clang-format off
#define KLINK_EVENTS(ROW) \
  ROW(AgentStarted, 1001, "klink run began", "none") \
  ROW(AgentStopping, 1002, "SIGTERM or SIGINT was received", "none") \
  ROW(AgentStopped, 1003, "the agent drained and ended", "none") \
  ROW(AgentFailed, 1004, "the agent cannot go on", "read error; start it again when the cause is gone") \
  ROW(ConfigReload, 1005, "SIGHUP was received or the file changed", "when it is refused, correct the file: the configuration in force stays until then") \
  ROW(ConfigFinding, 1006, "the configuration holds but is worth a second look", "read msg") \
  ROW(DrainTimedOut, 1007, "work in flight did not end in time at shutdown", "none: what was in doubt is recovered from the destination log") \
  ROW(LinkStarted, 1101, "the link began to mirror or to stand by", "none") \
  ROW(LinkStateChanged, 1102, "the link moved to another state", "read reason") \
  ROW(LinkFailed, 1103, "the link cannot go on", "read error; klink status shows the reason") \
  ROW(LeaseAcquired, 1111, "this agent now mirrors the link", "none") \
  ROW(LeaseLost, 1112, "this agent no longer mirrors the link: another took over or the commit did not succeed in time", "check the destination cluster's health if it repeats") \
  ROW(MembershipChanged, 1113, "the group of agents rebalanced", "none") \
  ROW(MembershipError, 1114, "the group on the destination cluster answered with an error", "check the destination cluster and the agent's permissions") \
  ROW(StateTopicCreated, 1121, "the link's state topic did not exist", "none at the first start") \
  ROW(StateTopicMissing, 1122, "the state topic is gone although mirrors exist", "restore the topic, or delete the link's mirrors to start afresh") \
  ROW(StateTopicError, 1123, "the state topic cannot be read or written", "check the destination cluster and the agent's permissions") \
  ROW(ControllerFenced, 1124, "another agent took control of the link", "none") \
  ROW(ClusterChanged, 1125, "a cluster id differs from the one the link was made with", "correct bootstrap.servers; a new cluster needs a new link") \
  ROW(LinkPaused, 1126, "an operator paused the link", "none: klink link resume goes on") \
  ROW(LinkResumed, 1127, "an operator resumed the link", "none") \
  ROW(ConfigPublished, 1128, "the link runs with another configuration from now on", "none") \
  ROW(ConfigDiffers, 1129, "this agent's file differs from the configuration the link runs with", "give all agents the same file") \
  ROW(TopicDiscovered, 1201, "a topic matches the link and is mirrored from now on", "none") \
  ROW(TopicRefused, 1202, "a matching topic cannot be mirrored", "read reason") \
  ROW(TopicGone, 1203, "a mirrored topic no longer exists at the source", "none: the copy is kept") \
  ROW(TopicConfigChanged, 1204, "the mirror's topic settings were brought in line with the source", "none") \
  ROW(TopicError, 1205, "creating or changing a mirror topic did not succeed", "read error; it is tried again") \
  ROW(PartitionsAdded, 1206, "the source topic has more partitions", "none") \
  ROW(PartitionActive, 1211, "the partition is mirrored", "none") \
  ROW(PartitionFailed, 1212, "the partition stopped; the others run on", "read reason; klink mirror describe shows it") \
  ROW(PartitionRetry, 1213, "a step of the partition did not succeed and is tried again", "none unless it lasts") \
  ROW(PartitionRecovered, 1214, "the partition's position was read from the destination log", "none") \
  ROW(RunStarted, 1215, "offsets of the partition are translated from here on", "read reason; klink offsets runs shows it") \
  ROW(PrefillDone, 1216, "the copy now begins at the source's log start", "none") \
  ROW(LogStartFollowed, 1217, "records before the source's log start were deleted from the copy", "none") \
  ROW(ForeignWrite, 1218, "somebody else wrote to the mirror topic", "stop that writer; revoke its WRITE permission") \
  ROW(MisplacedBatch, 1219, "a batch landed at an offset that was not asked for", "run klink verify on the topic") \
  ROW(MirrorPaused, 1220, "an operator paused the mirror, or its topic left the link's filter", "none: klink mirror resume goes on, or the filter when it includes the topic again") \
  ROW(MirrorResumed, 1221, "the mirror goes on: an operator resumed it, or the filter includes its topic again", "none") \
  ROW(AclsChanged, 1222, "ACLs at the destination were changed as at the source, or could not be", "when error is given, read it; klink acl list shows what is carried over and what is held back") \
  ROW(QuotasChanged, 1223, "client quotas at the destination were changed as at the source, or could not be", "when error is given, read it") \
  ROW(TopicConfigDrift, 1226, "somebody changed settings of a mirror topic, and klink set them back", "exclude the setting under topics.configs.exclude if it is meant to be different; data keys cannot be") \
  ROW(FilterIdle, 1231, "a line of the link's filter takes nothing that is at the source", "correct it, unless what it names is to come later; it is told once") \
  ROW(ProvenanceUnknown, 1232, "what other links copy cannot be read, so a loop would not be noticed", "grant what msg names") \
  ROW(ClusterReachable, 1301, "the cluster answers", "none") \
  ROW(ClusterUnreachable, 1302, "no bootstrap server of the cluster answers", "check bootstrap.servers, the network and the brokers; klink tries on") \
  ROW(ConnectionLost, 1303, "a connection to a broker ended", "none unless it lasts") \
  ROW(RequestTimedOut, 1304, "a broker did not answer in time", "none unless it lasts") \
  ROW(RequestFailed, 1305, "a broker answered with an error", "read error") \
  ROW(AuthorizationFailed, 1306, "the cluster refuses klink's principal", "grant what error names") \
  ROW(UnsupportedBroker, 1307, "the broker does not speak a version klink needs", "destination brokers must be Kafka 3.3 or newer") \
  ROW(KafkaClient, 1308, "librdkafka reported something", "read msg") \
  ROW(StoreOpened, 1401, "the local store is open", "none") \
  ROW(StoreQuarantined, 1402, "the local store was damaged and set aside; it is rebuilt from the clusters", "look at the disk; delete the quarantined folder when done") \
  ROW(StoreError, 1403, "the local store cannot be read or written", "check data_dir: space, permissions, disk") \
  ROW(RunsRebuilt, 1404, "the offset map was rebuilt", "none") \
  ROW(RunsError, 1405, "the offset map cannot be kept", "read error; translation answers unknown meanwhile") \
  ROW(HttpListening, 1501, "the HTTP server accepts connections", "none") \
  ROW(HttpError, 1502, "the HTTP server could not serve a request", "read error") \
  ROW(HttpRefused, 1503, "a connection was refused: too many at once", "close idle clients") \
  ROW(HttpOpen, 1504, "nobody is asked who calls: everybody on this machine may do everything", "set agent.http.auth.tokens_file") \
  ROW(HttpFileReload, 1505, "a file of tokens or certificates changed", "when error is given, correct the file: what was read before stays in force") \
  ROW(AuditError, 1506, "the audit log cannot be written, or was not whole when it was opened", "read error; check the disk; klink audit verify") \
  ROW(AuditStarted, 1507, "the audit log goes on", "none") \
  ROW(NoGroupMatches, 1601, "offsets of groups are asked for, but none is found", "correct groups.include; grant klink DESCRIBE on the groups at the source") \
  ROW(GroupInUse, 1602, "a group has members at the destination, so its offsets are not touched", "none: it is left alone until it moves at the source again") \
  ROW(GroupGone, 1603, "a group was deleted at the source", "none: groups.delete says what follows") \
  ROW(GroupSyncFailed, 1604, "the offsets of some group, or of all, are not carried over now", "read error; klink status shows the task group-sync") \
  ROW(PromotionBegun, 1701, "mirrors are being promoted", "none: klink promote and klink failover print the outcome") \
  ROW(PromotionEnded, 1702, "a promotion is over; PARTIAL: something remains to be done", "klink failover printed the commands that remain; asked for again, it goes on with what is unfinished") \
  ROW(PromotionTrouble, 1703, "a step of a promotion could not be done as it should; it goes on", "read msg and error; the outcome tells what remains to be done") \
  ROW(AutoFailover, 1721, "klink fails over by itself, as auto_failover is configured", "klink mirror list shows what is STOPPED; klink failover --inhibit off lets it be done again") \
  ROW(AutoFailoverHeld, 1722, "klink would fail over by itself, but may not, or could not begin", "read msg; klink failover does it now, klink failover --inhibit off lets klink do it") \
  ROW(FailoverInhibited, 1723, "somebody decided whether klink may fail over by itself", "none") \
  ROW(StoodAside, 1724, "an agent that does not hear of the source leaves its place to another one that does, or comes back", "look at the network between this agent and the source") \
  ROW(CutoverStep, 1731, "a planned move goes on", "none: klink cutover prints the outcome") \
  ROW(CutoverHalted, 1732, "a planned move waits for somebody to say how to go on", "read msg; klink cutover again goes on with it, klink cutover --undo ends it before anything is promoted")
// clang-format on

namespace klink {

enum class Event : uint16_t {
#define KLINK_EVENT_ENUM(NAME, ID, CAUSE, REMEDY) k##NAME = ID,
  KLINK_EVENTS(KLINK_EVENT_ENUM)
#undef KLINK_EVENT_ENUM
};

struct EventRow {
  Event event;
  std::string_view name;
  std::string_view cause;
  std::string_view remedy;
};

inline constexpr EventRow kEventTable[] = {
#define KLINK_EVENT_ROW(NAME, ID, CAUSE, REMEDY) {Event::k##NAME, #NAME, CAUSE, REMEDY},
    KLINK_EVENTS(KLINK_EVENT_ROW)
#undef KLINK_EVENT_ROW
};

}  // namespace klink
