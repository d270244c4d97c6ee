// Every metric klink exposes, one line each: kind, name in code, name in Prometheus, labels, help. Base units; the name
// ends in the unit. docs/metrics.md is printed from here. Names are promised to dashboards: they do not change.
#pragma once

// clang-format off
#define KLINK_METRICS(ROW) \
  ROW(Gauge, BuildInfo, "klink_build_info", KLINK_LABELS("version"), "Always 1; the version that runs") \
  ROW(Gauge, LinkState, "klink_link_state", KLINK_LABELS("link", "state"), "1 for the state the link is in, 0 for the others") \
  ROW(Gauge, MirrorTopics, "klink_mirror_topics", KLINK_LABELS("link", "state"), "Mirror topics by state") \
  ROW(Gauge, PartitionReasons, "klink_partition_reasons", KLINK_LABELS("link", "topic", "reason"), "Partitions of a mirror that have something to say, by reason code; absent when there is none") \
  ROW(Gauge, TaskState, "klink_task_state", KLINK_LABELS("link", "task", "state"), "1 for the state the task is in") \
  ROW(Gauge, ClusterReachable, "klink_cluster_reachable", KLINK_LABELS("cluster"), "1 while the cluster answers") \
  ROW(Gauge, CredentialExpiry, "klink_credential_expiry_timestamp_seconds", KLINK_LABELS("cluster", "kind"), "When a client_certificate, ca_certificate, broker_certificate or token of a cluster ends") \
  ROW(Counter, FetchedBytes, "klink_fetched_bytes_total", KLINK_LABELS("link"), "Bytes of record batches read from the source, as stored there") \
  ROW(Counter, FetchedRecords, "klink_fetched_records_total", KLINK_LABELS("link"), "Offsets spanned by the batches read from the source") \
  ROW(Counter, FetchedBatches, "klink_fetched_batches_total", KLINK_LABELS("link"), "Record batches read from the source") \
  ROW(Counter, WrittenBytes, "klink_written_bytes_total", KLINK_LABELS("link"), "Bytes of record batches acknowledged by the destination") \
  ROW(Counter, WrittenRecords, "klink_written_records_total", KLINK_LABELS("link"), "Offsets spanned by the batches acknowledged by the destination") \
  ROW(Counter, WrittenBatches, "klink_written_batches_total", KLINK_LABELS("link"), "Record batches acknowledged by the destination") \
  ROW(Gauge, LagRecords, "klink_lag_records", KLINK_LABELS("link", "topic"), "Offsets between the source's readable end and what is replicated, summed over partitions; absent when unknown") \
  ROW(Gauge, LagSeconds, "klink_lag_seconds", KLINK_LABELS("link", "topic"), "Time since the source's end passed what is replicated, the worst partition; absent when unknown") \
  ROW(Gauge, LagSecondsLowerBound, "klink_lag_seconds_lower_bound", KLINK_LABELS("link", "topic"), "1 while klink_lag_seconds may be more: the source's end had passed before this agent first looked") \
  ROW(Gauge, PartitionLagRecords, "klink_partition_lag_records", KLINK_LABELS("link", "topic", "partition"), "klink_lag_records of one partition; with agent.metrics.per_partition") \
  ROW(Gauge, PartitionLagSeconds, "klink_partition_lag_seconds", KLINK_LABELS("link", "topic", "partition"), "klink_lag_seconds of one partition; with agent.metrics.per_partition") \
  ROW(Gauge, PartitionReplicatedOffset, "klink_partition_replicated_offset", KLINK_LABELS("link", "topic", "partition"), "Everything below this source offset is at the destination; with agent.metrics.per_partition") \
  ROW(Gauge, RpoSeconds, "klink_rpo_seconds", KLINK_LABELS("link", "set"), "Seconds of writes a failover of that set would lose now; set all: of the whole link; absent when unknown") \
  ROW(Histogram, ReplicationLatency, "klink_replication_latency_seconds", KLINK_LABELS("link"), "From a batch first seen at the source to its acknowledgement by the destination") \
  ROW(Histogram, RequestDuration, "klink_request_duration_seconds", KLINK_LABELS("cluster", "api"), "From sending a request to its answer") \
  ROW(Counter, RequestErrors, "klink_request_errors_total", KLINK_LABELS("cluster", "api", "error"), "Requests answered with an error, or not at all") \
  ROW(Counter, ThrottleSeconds, "klink_throttle_seconds_total", KLINK_LABELS("cluster", "api"), "Time brokers told klink to wait") \
  ROW(Gauge, Partitions, "klink_partitions", KLINK_LABELS("link", "offsets"), "Mirrored partitions whose offsets are identical or translated") \
  ROW(Gauge, OffsetRuns, "klink_offset_runs", KLINK_LABELS("link"), "Runs in the offset map") \
  ROW(Gauge, GroupSyncTimestamp, "klink_group_sync_timestamp_seconds", KLINK_LABELS("link"), "When the consumer group offsets were read whose round was last completed; absent before the first") \
  ROW(Counter, GroupCommits, "klink_group_commits_total", KLINK_LABELS("link", "result"), "Positions of consumer groups sent to the destination: committed, in_use, unauthorized, refused, failed, or dropped as not allowed when they were due") \
  ROW(Counter, GroupsClamped, "klink_groups_clamped_total", KLINK_LABELS("link"), "Positions committed at less than the group's, because the copy did not reach it yet") \
  ROW(Counter, ForeignWrites, "klink_foreign_writes_total", KLINK_LABELS("link"), "Writes of somebody else found in mirror topics") \
  ROW(Counter, Divergence, "klink_divergence_total", KLINK_LABELS("link", "kind"), "Differences found between the two logs") \
  ROW(Gauge, Drift, "klink_drift", KLINK_LABELS("link", "kind"), "Differences between the two clusters in what the link carries over, counted by its leader once a minute; absent for what is not compared") \
  ROW(Counter, Fenced, "klink_fenced_total", KLINK_LABELS("link"), "Writes refused because another agent took over") \
  ROW(Counter, DuplicatesAvoided, "klink_duplicates_avoided_total", KLINK_LABELS("link"), "Repeated batches the destination already had") \
  ROW(Counter, TopicConfigChanges, "klink_topic_config_changes_total", KLINK_LABELS("link", "cause"), "Topic settings of mirrors that klink changed: because the source's changed (source) or somebody changed the mirror (drift); and topics whose change was refused") \
  ROW(Counter, LogStartDeletes, "klink_log_start_deletes_total", KLINK_LABELS("link"), "DeleteRecords sent to follow the source's log start") \
  ROW(Gauge, BufferedBytes, "klink_buffered_bytes", KLINK_LABELS(), "Memory taken from the budget for data in flight") \
  ROW(Gauge, MemoryBudgetBytes, "klink_memory_budget_bytes", KLINK_LABELS(), "The budget for data in flight") \
  ROW(Gauge, StoreBytes, "klink_store_bytes", KLINK_LABELS(), "Size of the local store in data_dir") \
  ROW(Counter, HttpRequests, "klink_http_requests_total", KLINK_LABELS("route", "code"), "Requests the agent answered over HTTP") \
  ROW(Gauge, AuditSequence, "klink_audit_sequence", KLINK_LABELS(), "Sequence number of the last event in this agent's audit log") \
  ROW(Gauge, LastDrillTimestamp, "klink_last_drill_timestamp_seconds", KLINK_LABELS("drill"), "When the newest drill of that name ended") \
  ROW(Gauge, LastDrillPassed, "klink_last_drill_passed", KLINK_LABELS("drill"), "1 when the newest drill of that name passed, 0 when it did not") \
  ROW(Gauge, LastDrillRto, "klink_last_drill_rto_seconds", KLINK_LABELS("drill"), "From the declared incident until applications worked again, in the newest drill of that name; absent when it did not come that far") \
  ROW(Gauge, LastDrillRpo, "klink_last_drill_rpo_records", KLINK_LABELS("drill"), "Records a failover would have lost as the newest drill of that name ran; absent when unknown") \
  ROW(Gauge, ConfigLastReloadSuccessful, "klink_config_last_reload_successful", KLINK_LABELS(), "1 when the last load of the configuration was taken over")
// clang-format on
