// Prints murmur2_vectors.json with Kafka's own hash; see README.md beside this file.
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.apache.kafka.common.utils.Utils;

public class Murmur2Vectors {
    public static void main(String[] arguments) {
        List<byte[]> inputs = new ArrayList<>();
        Random random = new Random(20260105L);
        for (int length = 0; length <= 40; length++) {
            for (int i = 0; i < 4; i++) {
                byte[] bytes = new byte[length];
                random.nextBytes(bytes);
                inputs.add(bytes);
            }
        }
        String[] texts = {
            "100000000000001", "106540352242922", "c_00000000000000000000000000000000",
            "साथ", "नमस्ते दुनिया", "héllo", "日本語", "👩‍👩‍👧", "\u0000", "\uFFFF",
        };
        for (String text : texts) {
            inputs.add(text.getBytes(StandardCharsets.UTF_8));
        }
        StringBuilder json = new StringBuilder("[\n");
        for (int i = 0; i < inputs.size(); i++) {
            byte[] bytes = inputs.get(i);
            int hash = Utils.murmur2(bytes);
            json.append(String.format(
                "  {\"bytes\": \"%s\", \"murmur2\": %d, \"partition_of_24\": %d}%s\n",
                HexFormat.of().formatHex(bytes), hash, Utils.toPositive(hash) % 24,
                i == inputs.size() - 1 ? "" : ","));
        }
        System.out.print(json.append("]\n"));
    }
}
