// Kafka's own command-line programs, run with the cluster's jars.
#include <algorithm>
#include <stdexcept>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "integration/kafka_tools.h"

namespace klink::it {

std::string ConsoleConsumer(Cluster& cluster, const std::string& topic, int partition, int64_t count,
                            const std::string& isolation) {
  const bool three = cluster.version().starts_with("3.");
  std::vector<std::string> arguments = {"--bootstrap-server",
                                        cluster.bootstrap(),
                                        "--topic",
                                        topic,
                                        "--partition",
                                        std::to_string(partition),
                                        "--offset",
                                        "earliest",
                                        "--max-messages",
                                        std::to_string(count),
                                        "--timeout-ms",
                                        "20000",
                                        "--isolation-level",
                                        isolation};
  for (const char* property : {"print.offset", "print.timestamp", "print.headers", "print.key", "print.partition"}) {
    const std::string setting = std::string(property) + "=true";
    arguments.insert(arguments.end(), {three ? "--property" : "--formatter-property", setting});
  }
  const std::string java_class = cluster.version().starts_with("3.3")
                                     ? "kafka.tools.ConsoleConsumer"
                                     : "org.apache.kafka.tools.consumer.ConsoleConsumer";
  const Outcome outcome = cluster.Tool(java_class, arguments);
  if (outcome.exit_code != 0) throw std::runtime_error("console consumer: " + outcome.err);
  return outcome.out;
}

std::string AsTheConsoleConsumerPrints(const std::vector<Record>& records) {
  std::string lines;
  for (const Record& record : records) {
    std::string headers;
    for (const auto& [name, value] : record.headers)
      headers += fmt::format("{}{}:{}", headers.empty() ? "" : ",", name, value.value_or("null"));
    lines += fmt::format("CreateTime:{}\tPartition:{}\tOffset:{}\t{}\t{}\t{}\n", record.timestamp_ms, record.partition,
                         record.offset, headers.empty() ? "NO_HEADERS" : headers, record.key.value_or("null"),
                         record.value.value_or("null"));
  }
  return lines;
}

std::string DumpLogSegments(Cluster& cluster, const std::string& topic, int partition, int broker) {
  std::vector<std::string> files;
  for (const auto& file : fs::directory_iterator(cluster.DataDir(broker) / fmt::format("{}-{}", topic, partition))) {
    if (file.path().extension() == ".log") files.push_back(file.path().string());
  }
  std::sort(files.begin(), files.end());
  const Outcome outcome = cluster.Tool(
      cluster.version().starts_with("3.") ? "kafka.tools.DumpLogSegments" : "org.apache.kafka.tools.DumpLogSegments",
      {"--files", fmt::format("{}", fmt::join(files, ","))});
  if (outcome.exit_code != 0) throw std::runtime_error("DumpLogSegments: " + outcome.err);
  return outcome.out;
}

void AlterTopic(Cluster& cluster, const std::string& topic, const Settings& configs) {
  std::string list;
  for (const auto& [key, value] : configs) list += (list.empty() ? "" : ",") + key + "=" + value;
  const Outcome outcome =
      cluster.Tool("kafka.admin.ConfigCommand", {"--bootstrap-server", cluster.bootstrap(), "--entity-type", "topics",
                                                 "--entity-name", topic, "--alter", "--add-config", list});
  if (outcome.exit_code != 0) throw std::runtime_error("ConfigCommand: " + outcome.out + outcome.err);
}

}  // namespace klink::it
