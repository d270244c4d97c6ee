// Runs Kafka's own AclCommand once for each block of lines of a file (an argument a line, an empty line behind each
// command), in one JVM: a plan of twenty commands takes as long as one.
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

public class AclLines {
  public static void main(String[] args) throws Exception {
    Class<?> tool;
    try {
      tool = Class.forName("org.apache.kafka.tools.AclCommand");
    } catch (ClassNotFoundException older) {
      tool = Class.forName("kafka.admin.AclCommand");
    }
    List<String> command = new ArrayList<>();
    for (String line : Files.readAllLines(Path.of(args[0]))) {
      if (!line.isEmpty()) {
        command.add(line);
        continue;
      }
      tool.getMethod("main", String[].class).invoke(null, (Object) command.toArray(new String[0]));
      command.clear();
    }
  }
}
