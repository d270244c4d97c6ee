// librdkafka's error codes as Status. The code says who acts (base/status.h); Kafka's own text is kept in full.
#pragma once

#include <string_view>

#include <librdkafka/rdkafka.h>

#include "base/status.h"

namespace klink::admin {

// "doing: Broker: Topic already exists (TOPIC_ALREADY_EXISTS)", or with `text` in place of the general sentence when
// the broker sent one. NO_ERROR is OK.
Status ToStatus(rd_kafka_resp_err_t error, std::string_view doing, std::string_view text = {});

// Takes the error object over. Null is OK.
Status TakeError(rd_kafka_error_t* error, std::string_view doing);

// Which of Status's codes a Kafka error is.
Code CodeOf(rd_kafka_resp_err_t error);

}  // namespace klink::admin
