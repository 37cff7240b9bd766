import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;

/**
 * Keeps a replica of a registry from its topic, a whole transaction at a time,
 * and prints a line for each.
 *
 * <pre>java -cp kafka-clients.jar:slf4j-api.jar Replica.java localhost:9092 sdmx.structures [once]</pre>
 *
 * With "once" it ends at the end of the topic and prints what it holds.
 */
public class Replica {
    private final Map<String, byte[]> structures = new TreeMap<>();
    private final List<ConsumerRecord<String, byte[]>> pending = new ArrayList<>();

    public static void main(String[] args) {
        boolean once = args.length > 2 && args[2].equals("once");
        TopicPartition partition = new TopicPartition(args[1], 0);
        Map<String, Object> config = Map.of(
            "bootstrap.servers", args[0],
            "enable.auto.commit", false,
            "isolation.level", "read_committed"); // neither what was aborted nor what is still open
        try (var consumer = new KafkaConsumer<>(config, new StringDeserializer(), new ByteArrayDeserializer())) {
            // A replica kept in memory begins at the beginning. One kept in a
            // database stores the next offset in the same database transaction as
            // the structures, and goes on from there.
            consumer.assign(List.of(partition));
            consumer.seekToBeginning(List.of(partition));
            Replica replica = new Replica();
            while (true) {
                for (ConsumerRecord<String, byte[]> r : consumer.poll(Duration.ofMillis(500))) {
                    replica.take(r);
                }
                // For read_committed this is the last stable offset. What is
                // committed is committed whole: nothing more of this transaction
                // can come.
                if (consumer.position(partition) >= consumer.endOffsets(List.of(partition)).get(partition)) {
                    replica.apply();
                    if (once) {
                        replica.print();
                        return;
                    }
                }
            }
        }
    }

    /** Collects until the transaction is whole: position = count, or a record of the next one. */
    private void take(ConsumerRecord<String, byte[]> r) {
        if (!pending.isEmpty() && !transaction(r).equals(transaction(pending.get(0)))) {
            apply();
        }
        pending.add(r);
        if (header(r, "urncast-txn-position").equals(header(r, "urncast-txn-count"))) {
            apply();
        }
    }

    /** Puts a whole transaction into the replica. With a database this is one database transaction. */
    private void apply() {
        if (pending.isEmpty()) {
            return;
        }
        for (ConsumerRecord<String, byte[]> r : pending) {
            if (r.value() == null) {
                structures.remove(r.key()); // it may never have been there
            } else {
                structures.put(r.key(), r.value());
            }
        }
        ConsumerRecord<String, byte[]> first = pending.get(0);
        System.out.printf("transaction %s: %s %d, %d structures%n",
            header(first, "urncast-txn"), header(first, "urncast-action"), pending.size(), structures.size());
        pending.clear();
    }

    private void print() {
        structures.forEach((urn, value) -> System.out.println(value.length + "\t" + urn));
    }

    /** Tells one Kafka transaction from the next. */
    private static String transaction(ConsumerRecord<String, byte[]> r) {
        return header(r, "urncast-txn") + " " + header(r, "urncast-txn-id") + " " + header(r, "urncast-action");
    }

    private static String header(ConsumerRecord<String, byte[]> r, String name) {
        Header h = r.headers().lastHeader(name);
        return h == null ? "" : new String(h.value(), StandardCharsets.UTF_8);
    }
}
