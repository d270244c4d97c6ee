#include "integration/rdkafka.h"

#include <stdexcept>

namespace klink::it {

void Require(rd_kafka_resp_err_t error, const std::string& what) {
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) throw std::runtime_error(what + ": " + rd_kafka_err2str(error));
}

Client NewClient(rd_kafka_type_t type, const std::string& bootstrap, const Settings& settings,
                 const std::function<void(rd_kafka_conf_t*)>& configure) {
  Settings all = {{"bootstrap.servers", bootstrap}, {"log_level", "0"}, {"allow.auto.create.topics", "false"}};
  for (const auto& [key, value] : settings) all[key] = value;
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  char error[512];
  for (const auto& [key, value] : all)
    if (rd_kafka_conf_set(conf, key.c_str(), value.c_str(), error, sizeof error) != RD_KAFKA_CONF_OK)
      throw std::runtime_error(error);
  if (configure) configure(conf);
  Client client(rd_kafka_new(type, conf, error, sizeof error));
  if (!client) throw std::runtime_error(error);
  return client;
}

}  // namespace klink::it
