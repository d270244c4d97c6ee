#include "tests/sim/scenario.h"

#include "base/check.h"

namespace klink::sim {
namespace {

constexpr Duration kDay = 24h;
constexpr Duration kTenYears = 3650 * kDay;

Weather BadWeather(Random& random) {
  // Most runs are about few kinds of faults, so that each also meets an otherwise healthy world.
  auto maybe = [&](double most) {
    return random.Chance(0.4) ? most * static_cast<double>(random.Between(1, 10)) / 10 : 0;
  };
  Weather weather;
  weather.reset = maybe(0.05);
  weather.lost_request = maybe(0.02);
  weather.lost_answer = maybe(0.02);
  weather.ask_fails = maybe(0.1);
  weather.trim_unclear = maybe(0.5);
  weather.store_refused = maybe(0.3);
  weather.store_unclear = maybe(0.3);
  weather.source_fails = maybe(0.05);
  weather.crash = maybe(0.003);
  weather.latency_most = random.Chance(0.3) ? Duration(60ms) : Duration(3ms);
  return weather;
}

void DrawOldRecords(Scenario& s, Random& random) {
  s.record_age = kTenYears;
  s.expiration = random.Chance(0.5) ? Duration(10s) : kDay;
  s.forget_every = random.Within(500ms, 5s);
  if (random.Chance(0.3)) s.age_spread = kTenYears;  // some are of today
}

}  // namespace

std::string_view Name(Kind kind) {
  static constexpr std::string_view kNames[] = {"plain",     "prefill",      "old records", "behind data",
                                                "translate", "frozen owner", "two owners",  "retention",
                                                "foreign",   "wrap",         "wild network"};
  static_assert(std::size(kNames) == static_cast<size_t>(Kind::kCount));
  return kNames[static_cast<size_t>(kind)];
}

std::string Scenario::ToText() const {
  return fmt::format(
             "{}: source from {}+{}, {} batches + one every {} ms, age {} h, destination from {} with {} other "
             "records, "
             "expiration {} s "
             "checked every {} ms, {}, reset {} lost {} unanswered {} ask {} store {}/{} source {} crash {} incidents "
             "{}/s",
             transactions ? fmt::format("{} in transactions", Name(kind)) : std::string(Name(kind)), source_first,
             start_inside, batches_before, ToMillis(produce_every), ToMillis(record_age) / 3600000, dest_start,
             other_records, ToMillis(expiration) / 1000, ToMillis(forget_every), preserve ? "preserve" : "translate",
             weather.reset, weather.lost_request, weather.lost_answer, weather.ask_fails, weather.store_refused,
             weather.store_unclear, weather.source_fails, weather.crash, incidents_per_second) +
         (transactions ? fmt::format(" call {} marker late {} twice {} timeout {} ms", weather.call_unclear,
                                     weather.marker_late, weather.marker_twice, ToMillis(transaction_timeout))
                       : "") +
         (fills()
              ? fmt::format("{}{} holes {} at most {}, markers {}", committed ? " committed" : "",
                            markers ? " markers" : "", holes, fill_records, markers_permitted ? "permitted" : "refused")
              : "");
}

Scenario Draw(uint64_t seed) {
  Random random(seed * 0x9e3779b97f4a7c15 + 1);
  Scenario s;
  s.seed = seed;
  s.kind = static_cast<Kind>(seed % static_cast<uint64_t>(Kind::kCount));
  s.batches_before = static_cast<int>(random.Between(0, 150));
  s.produce_every = random.Within(20ms, 400ms);
  s.records_most = static_cast<int>(random.Between(1, 12));
  s.weather = BadWeather(random);
  s.incidents_per_second = random.Chance(0.6) ? 0.3 : 0;
  const bool late_start = s.kind == Kind::kPrefill || s.kind == Kind::kTranslate || random.Chance(0.15);
  if (late_start) {
    s.source_first = random.Chance(0.1) ? random.Between(100'001, 250'000) : random.Between(1, 3000);
    s.start_inside = random.Chance(0.5) ? random.Below(s.records_most) : 0;
  }
  if (random.Chance(0.2)) DrawOldRecords(s, random);
  const bool variant = seed / static_cast<uint64_t>(Kind::kCount) % 2 == 1;
  switch (s.kind) {
    case Kind::kPrefill:  // short, so death must come often to come in time
      if (variant) s.weather.crash = 0.02;
      break;
    case Kind::kOldRecords:
      DrawOldRecords(s, random);
      break;
    case Kind::kWildNetwork:
      DrawOldRecords(s, random);
      s.age_spread = {};
      s.weather.late_most = 60s;
      s.weather.reset = 0.08;
      break;
    case Kind::kBehindData:
      s.dest_start = random.Chance(0.3) ? random.Between(1, 500) : 0;
      s.other_records = random.Between(s.dest_start > 0 ? 0 : 1, 40);
      break;
    case Kind::kTranslate:
      s.preserve = variant;
      s.prefill_limit = 0;  // START_TOO_FAR where offsets should be preserved
      break;
    case Kind::kTwoOwners:  // only the leader's compare-and-append makes them harmless
      s.record_age = s.age_spread = {};
      s.expiration = kDay;
      s.forget_every = 10min;
      break;
    case Kind::kRetention:
      s.markers_permitted = variant;
      break;
    case Kind::kWrap:
      s.dest_start = (int64_t{1} << 31) - random.Between(1, 300);
      break;
    default:
      break;
  }
  return s;
}

Scenario DrawTransactions(uint64_t seed) {
  static constexpr Kind kKinds[] = {Kind::kPlain,      Kind::kPrefill, Kind::kPlain,       Kind::kOldRecords,
                                    Kind::kRetention,  Kind::kPlain,   Kind::kFrozenOwner, Kind::kTranslate,
                                    Kind::kBehindData, Kind::kWrap,    Kind::kForeign};
  static_assert(std::size(kKinds) == static_cast<size_t>(Kind::kCount));
  // Its kind is that of the plain seed it is drawn from.
  const auto kind = static_cast<uint64_t>(kKinds[seed % std::size(kKinds)]);
  Scenario s = Draw(seed / std::size(kKinds) * std::size(kKinds) + kind);
  Random random(seed * 0x9e3779b97f4a7c15 + 2);
  auto maybe = [&](double most) {
    return random.Chance(0.4) ? most * static_cast<double>(random.Between(1, 10)) / 10 : 0;
  };
  s.seed = seed;
  s.transactions = true;
  s.markers_permitted = s.kind == Kind::kRetention && seed / std::size(kKinds) % 2 == 1;
  s.open_at_end = random.Chance(0.3);
  s.weather.call_unclear = maybe(0.03);
  s.weather.marker_late = maybe(0.05);
  s.weather.marker_twice = maybe(0.03);
  if (random.Chance(0.08)) s.transaction_timeout = random.Within(1s, 4s);
  return s;
}

Scenario DrawUnwritten(uint64_t seed) {
  Scenario s = DrawTransactions(seed);
  if (s.kind == Kind::kRetention) s = DrawTransactions(seed + 1);
  s.seed = seed;
  s.retention = false;  // it takes the beginning of such a transaction: its end is then told twice
  s.weather.marker_never = 0.05;
  return s;
}

Scenario DrawFilled(uint64_t seed) {
  static constexpr Kind kKinds[] = {Kind::kPlain,     Kind::kPrefill,     Kind::kOldRecords, Kind::kPlain,
                                    Kind::kRetention, Kind::kFrozenOwner, Kind::kTranslate,  Kind::kBehindData,
                                    Kind::kWrap,      Kind::kPlain,       Kind::kPlain};
  static_assert(std::size(kKinds) == static_cast<size_t>(Kind::kCount));
  const auto kind = static_cast<uint64_t>(kKinds[seed % std::size(kKinds)]);
  Scenario s = Draw(seed / std::size(kKinds) * std::size(kKinds) + kind);
  Random random(seed * 0x9e3779b97f4a7c15 + 3);
  auto maybe = [&](double most) {
    return random.Chance(0.4) ? most * static_cast<double>(random.Between(1, 10)) / 10 : 0;
  };
  s.seed = seed;
  s.committed = random.Chance(0.6);
  s.markers = !s.committed || random.Chance(0.3);
  s.transactions = s.committed || random.Chance(0.5);
  s.markers_permitted = random.Chance(0.5);
  s.produce_every = std::max<Duration>(s.produce_every, 150ms);  // each filler is a transaction at worst
  s.holes = s.markers ? 0.1 : 0;
  if (random.Chance(0.2)) s.fill_records = random.Between(1, 6);
  s.weather.call_unclear = maybe(0.05);
  s.weather.marker_late = maybe(0.05);
  s.weather.marker_twice = maybe(0.03);
  return s;
}

Scenario DrawForeign(uint64_t seed) {
  constexpr auto kForeign = static_cast<uint64_t>(Kind::kForeign);
  constexpr auto kKinds = static_cast<uint64_t>(Kind::kCount);
  Scenario s = seed % 2 == 0 ? Draw(seed * kKinds + kForeign) : DrawTransactions(seed * kKinds + kKinds - 1);
  KLINK_CHECK(s.kind == Kind::kForeign);
  s.seed = seed;
  s.record_foreign = true;
  return s;
}

Scenario DrawPipelined(uint64_t seed) {
  Scenario s = Draw(seed);
  s.pipelined = true;
  s.incidents_per_second = 0.6;
  s.batches_before *= 4;  // several batches in a fetch
  return s;
}

Scenario Calm(Scenario s) {
  s.weather = Weather::Fair();
  s.incidents_per_second = 0;
  s.crashes = false;
  return s;
}

}  // namespace klink::sim
