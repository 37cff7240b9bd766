import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.config.ConfigDef;

/**
 * Prints the names of the Java producer with type, default and importance, as
 * table/java.tsv holds them: java -cp kafka-clients.jar:slf4j-api.jar JavaNames.java
 */
public class JavaNames {
    public static void main(String[] args) {
        Map<String, ConfigDef.ConfigKey> keys = new TreeMap<>(ProducerConfig.configDef().configKeys());
        for (ConfigDef.ConfigKey k : keys.values()) {
            String value = "";
            if (k.hasDefault() && k.defaultValue != null) {
                value = ConfigDef.convertToString(k.defaultValue, k.type);
            }
            System.out.println(String.join("\t", k.name, k.type.toString().toLowerCase(), value,
                k.importance.toString().toLowerCase()));
        }
    }
}
