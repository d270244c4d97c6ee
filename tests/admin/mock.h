// A cluster inside this process (librdkafka's own), and an executor to run coroutines on until they end.
#pragma once

#include <optional>
#include <string>

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include "admin/access.h"
#include "admin/handle.h"
#include "base/blocking.h"
#include "base/clock.h"
#include "base/task_group.h"

namespace klink::admin {

class MockClusterTest : public testing::Test {
 protected:
  MockClusterTest() {
    rd_kafka_conf_t* conf = rd_kafka_conf_new();
    rd_kafka_conf_set_log_cb(conf, nullptr);
    rk_ = rd_kafka_new(RD_KAFKA_PRODUCER, conf, nullptr, 0);
    cluster_ = rd_kafka_mock_cluster_new(rk_, 1);
  }
  ~MockClusterTest() override {
    rd_kafka_mock_cluster_destroy(cluster_);
    rd_kafka_destroy(rk_);
    EXPECT_TRUE(WaitUntilHandlesAreGone(10s));
  }
  Access To() {
    Access access;
    access.cluster = "lyon";
    access.properties = {{"bootstrap.servers", rd_kafka_mock_cluster_bootstraps(cluster_)}};
    access.log = [](int, std::string_view) {};
    return access;
  }
  void MakeTopic(const std::string& name, int partitions) {
    ASSERT_EQ(rd_kafka_mock_topic_create(cluster_, name.c_str(), partitions, 1), RD_KAFKA_RESP_ERR_NO_ERROR);
  }
  void FailNext(int16_t api, rd_kafka_resp_err_t error) { rd_kafka_mock_push_request_errors(cluster_, api, 1, error); }

  // Runs `work` to its end.
  void Run(Async<void> work) {
    Detach(io_.get_executor(), std::move(work));
    io_.restart();
    io_.run();
  }

  static constexpr int16_t kHeartbeat = 12;
  static constexpr int16_t kAddPartitionsToTxn = 24;
  static constexpr int16_t kEndTxn = 26;

  rd_kafka_t* rk_;
  rd_kafka_mock_cluster_t* cluster_;
  asio::io_context io_{1};
  SystemClock clock_;
  BlockingPool pool_{2};
};

}  // namespace klink::admin
