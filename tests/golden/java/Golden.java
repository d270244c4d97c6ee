// Writes the golden bytes of every Kafka message klink speaks, made by Kafka's own generated message classes.
//
// Every version of every message is filled by one rule that tests/kafka/golden_test.cc knows too: a counter starts at
// 1 and goes up by one per value, in wire order (fields, then tagged fields by tag); arrays get two elements.
//   bool: the counter is odd · int8: c % 100 + 1 · int16: 1000 + c · int32: 100000 + c · int64: 10^12 + c · float64: c + 0.5
//   string: "s<c>" · bytes: "b<c>" · records: 300 bytes (c + i) & 0xff · uuid: (c, 31 * c)
// Variants: "full" as above, "null" with null wherever the version allows it, "empty" the class as constructed.
// A line is: message, version, variant, hex of the message; or "frame" and hex of header and message behind the size.
import java.io.PrintWriter;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.lang.reflect.ParameterizedType;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.HexFormat;
import java.util.List;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.message.RequestHeaderData;
import org.apache.kafka.common.message.ResponseHeaderData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.Message;
import org.apache.kafka.common.protocol.ObjectSerializationCache;
import org.apache.kafka.common.protocol.types.BoundField;
import org.apache.kafka.common.protocol.types.Schema;
import org.apache.kafka.common.protocol.types.TaggedFields;
import org.apache.kafka.common.protocol.types.Type;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.ControlRecordType;
import org.apache.kafka.common.record.internal.EndTransactionMarker;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MemoryRecordsBuilder;
import org.apache.kafka.common.record.internal.RecordBatch;

public class Golden {
  static final List<String> APIS = List.of("Produce", "Fetch", "ListOffsets", "Metadata", "FindCoordinator",
      "SaslHandshake", "ApiVersions", "CreateTopics", "DeleteTopics", "DeleteRecords", "InitProducerId",
      "OffsetForLeaderEpoch", "DescribeConfigs", "SaslAuthenticate", "IncrementalAlterConfigs", "DescribeCluster",
      "DescribeProducers", "AddPartitionsToTxn", "EndTxn", "WriteTxnMarkers", "DescribeTransactions",
      "LeaveGroup", "DescribeAcls", "DescribeClientQuotas", "AlterClientQuotas",
      "ListGroups", "DescribeGroups", "ConsumerGroupDescribe", "OffsetFetch", "OffsetCommit", "DeleteGroups",
      "DescribeLogDirs");

  enum Variant { full, NULL, empty }

  static int counter;

  public static void main(String[] args) throws Exception {
    Path out = Path.of(args[0]);
    for (String api : APIS) {
      try (PrintWriter lines = new PrintWriter(Files.newBufferedWriter(out.resolve(api + ".hex")))) {
        write(lines, api, "Request");
        write(lines, api, "Response");
      }
    }
    try (PrintWriter lines = new PrintWriter(Files.newBufferedWriter(out.resolve("batches.hex")))) {
      batches(lines);
    }
  }

  static void write(PrintWriter lines, String api, String kind) throws Exception {
    Class<?> type = Class.forName("org.apache.kafka.common.message." + api + kind + "Data");
    Schema[] schemas = (Schema[]) type.getField("SCHEMAS").get(null);
    for (short version = 0; version < schemas.length; version++) {
      if (schemas[version] == null) continue;
      for (Variant variant : Variant.values()) {
        counter = 0;
        Message data = (Message) type.getConstructor().newInstance();
        if (variant != Variant.empty) fill(data, schemas[version], variant);
        byte[] bytes = serialize(data, version);
        lines.printf("%s%s %d %s %s%n", api, kind, version, variant.name().toLowerCase(), hex(bytes));
        if (variant != Variant.full) continue;
        byte[] header = header(api, kind, version);
        lines.printf("%s%s %d frame %s%s%n", api, kind, version, hex(header), hex(bytes));
      }
    }
  }

  static byte[] header(String api, String kind, short version) {
    ApiKeys key = null;
    for (ApiKeys each : ApiKeys.values()) if (each.name.equals(api)) key = each;
    if (kind.equals("Request")) {
      RequestHeaderData header = new RequestHeaderData().setRequestApiKey(key.id).setRequestApiVersion(version)
          .setCorrelationId(77).setClientId("klink");
      return serialize(header, key.requestHeaderVersion(version));
    }
    return serialize(new ResponseHeaderData().setCorrelationId(77), key.responseHeaderVersion(version));
  }

  static byte[] serialize(Message data, short version) {
    ObjectSerializationCache cache = new ObjectSerializationCache();
    ByteBuffer buffer = ByteBuffer.allocate(data.size(cache, version));
    data.write(new ByteBufferAccessor(buffer), cache, version);
    if (buffer.hasRemaining()) throw new IllegalStateException("wrote less than announced");
    return buffer.array();
  }

  static void fill(Object data, Schema schema, Variant variant) throws Exception {
    for (BoundField field : schema.fields()) {
      if (field.def.type instanceof TaggedFields tagged) {
        for (var tag : tagged.fields().values()) set(data, tag.name, tag.type, variant);
      } else {
        set(data, field.def.name, field.def.type, variant);
      }
    }
  }

  static void set(Object data, String snake, Type type, Variant variant) throws Exception {
    StringBuilder camel = new StringBuilder();
    for (String word : snake.split("_")) camel.append(Character.toUpperCase(word.charAt(0))).append(word.substring(1));
    String setter = "set" + camel;
    String name = Character.toLowerCase(camel.charAt(0)) + camel.substring(1);
    Field field = data.getClass().getDeclaredField(name);
    for (Method method : data.getClass().getMethods()) {
      if (!method.getName().equals(setter)) continue;
      method.invoke(data, value(field, type, variant));
      return;
    }
    throw new IllegalStateException("no " + setter + " in " + data.getClass());
  }

  static Object value(Field field, Type type, Variant variant) throws Exception {
    if (variant == Variant.NULL && type.isNullable()) return null;
    if (type.arrayElementType().isPresent()) return array(field, type.arrayElementType().get(), variant);
    if (type instanceof Schema schema) return struct(field.getType(), schema, variant);
    return scalar(type);
  }

  static Object array(Field field, Type element, Variant variant) throws Exception {
    Class<?> collection = field.getType() == List.class ? java.util.ArrayList.class : field.getType();
    @SuppressWarnings("unchecked")
    Collection<Object> values = (Collection<Object>) collection.getConstructor().newInstance();
    var generic = (ParameterizedType) (field.getType() == List.class ? field.getGenericType()
                                                                     : collection.getGenericSuperclass());
    for (int i = 0; i < 2; i++) {
      values.add(element instanceof Schema schema
          ? struct((Class<?>) generic.getActualTypeArguments()[0], schema, variant) : scalar(element));
    }
    return values;
  }

  static Object struct(Class<?> type, Schema schema, Variant variant) throws Exception {
    Object data = type.getConstructor().newInstance();
    fill(data, schema, variant);
    return data;
  }

  static Object scalar(Type type) {
    int c = ++counter;
    if (type == Type.BOOLEAN) return c % 2 == 1;
    if (type == Type.INT8) return (byte) (c % 100 + 1);
    if (type == Type.INT16) return (short) (1000 + c);
    if (type == Type.INT32) return 100000 + c;
    if (type == Type.INT64) return 1_000_000_000_000L + c;
    if (type == Type.FLOAT64) return c + 0.5;
    if (type == Type.UUID) return new Uuid(c, 31L * c);
    String text = type.toString();
    if (text.contains("RECORDS")) {
      byte[] bytes = new byte[300];
      for (int i = 0; i < bytes.length; i++) bytes[i] = (byte) (c + i);
      return MemoryRecords.readableRecords(ByteBuffer.wrap(bytes));
    }
    if (text.contains("STRING")) return "s" + c;
    if (text.contains("BYTES")) return ("b" + c).getBytes(StandardCharsets.UTF_8);
    throw new IllegalStateException("no rule for " + text);
  }

  // Batches of three records at offset 1000: plain, with null key and value and headers; by codec and attribute.
  static void batches(PrintWriter lines) {
    batch(lines, "none", Compression.NONE, TimestampType.CREATE_TIME, false);
    batch(lines, "gzip", Compression.gzip().build(), TimestampType.CREATE_TIME, false);
    batch(lines, "snappy", Compression.snappy().build(), TimestampType.CREATE_TIME, false);
    batch(lines, "lz4", Compression.lz4().build(), TimestampType.CREATE_TIME, false);
    batch(lines, "zstd", Compression.zstd().build(), TimestampType.CREATE_TIME, false);
    batch(lines, "append_time", Compression.NONE, TimestampType.LOG_APPEND_TIME, false);
    batch(lines, "transactional", Compression.NONE, TimestampType.CREATE_TIME, true);
    large(lines, "gzip_large", Compression.gzip().build());
    large(lines, "snappy_large", Compression.snappy().build());
    large(lines, "lz4_large", Compression.lz4().build());
    large(lines, "zstd_large", Compression.zstd().build());
    marker(lines, "control", ControlRecordType.COMMIT);
    marker(lines, "control_abort", ControlRecordType.ABORT);
    lines.printf("magic1 %s%n", hex(bytesOf(MemoryRecords.withRecords(RecordBatch.MAGIC_VALUE_V1, Compression.NONE,
        new org.apache.kafka.common.record.internal.SimpleRecord(5, "k".getBytes(), "v".getBytes())))));
  }

  static void batch(PrintWriter lines, String name, Compression codec, TimestampType time, boolean transactional) {
    MemoryRecordsBuilder builder = new MemoryRecordsBuilder(ByteBuffer.allocate(4096), RecordBatch.CURRENT_MAGIC_VALUE,
        codec, time, 1000, 1_700_000_000_500L, 4000, (short) 5, 42, transactional, false, 9, 4096);
    builder.append(1_700_000_000_000L, "key".getBytes(), "value".getBytes());
    builder.append(1_699_999_999_990L, null, "no key".getBytes());
    builder.append(1_700_000_000_100L, "tombstone".getBytes(), null,
        new Header[] {new RecordHeader("h1", "x".getBytes()), new RecordHeader("h2", null)});
    lines.printf("%s %s%n", name, hex(bytesOf(builder.build())));
  }

  // Several blocks of every codec: 120 records of 1000 bytes at offset 0.
  static void large(PrintWriter lines, String name, Compression codec) {
    MemoryRecordsBuilder builder = new MemoryRecordsBuilder(ByteBuffer.allocate(4096), RecordBatch.CURRENT_MAGIC_VALUE,
        codec, TimestampType.CREATE_TIME, 0, 0, 4000, (short) 5, 42, false, false, 9, 1 << 20);
    for (int i = 0; i < 120; i++) {
      byte[] value = new byte[1000];
      for (int j = 0; j < value.length; j++) value[j] = (byte) ('a' + (i * 7 + j / 3) % 26);
      builder.append(1_700_000_000_000L + i, ("k" + i).getBytes(), value);
    }
    lines.printf("%s %s%n", name, hex(bytesOf(builder.build())));
  }

  static void marker(PrintWriter lines, String name, ControlRecordType type) {
    lines.printf("%s %s%n", name, hex(bytesOf(MemoryRecords.withEndTransactionMarker(2000, 1_700_000_000_000L, 9, 4000,
        (short) 5, new EndTransactionMarker(type, 3)))));
  }

  static byte[] bytesOf(MemoryRecords records) {
    ByteBuffer buffer = records.buffer().duplicate();
    byte[] bytes = new byte[buffer.remaining()];
    buffer.get(bytes);
    return bytes;
  }

  static String hex(byte[] bytes) {
    return HexFormat.of().formatHex(bytes);
  }
}
