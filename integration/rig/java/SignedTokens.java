import java.net.URI;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import javax.security.auth.callback.Callback;
import javax.security.auth.callback.UnsupportedCallbackException;
import javax.security.auth.login.AppConfigurationEntry;
import org.apache.kafka.common.security.auth.AuthenticateCallbackHandler;
import org.apache.kafka.common.security.oauthbearer.OAuthBearerExtensionsValidatorCallback;
import org.apache.kafka.common.security.oauthbearer.OAuthBearerToken;
import org.apache.kafka.common.security.oauthbearer.OAuthBearerValidatorCallback;

/**
 * Validates tokens as a broker of Amazon MSK does. A token is a presigned request to connect, whose
 * signature is computed again from the secret key. System properties have the long-lived access keys,
 * and the seed from which the rig's STS derives temporary ones.
 */
public class SignedTokens implements AuthenticateCallbackHandler {
    private static final DateTimeFormatter AT = DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss'Z'").withZone(ZoneOffset.UTC);
    private static final Set<String> KNOWN = Set.of("Action", "X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires",
            "X-Amz-SignedHeaders", "X-Amz-Security-Token", "X-Amz-Signature", "User-Agent");

    @Override
    public void configure(Map<String, ?> configs, String mechanism, List<AppConfigurationEntry> entries) {}

    @Override
    public void close() {}

    @Override
    public void handle(Callback[] callbacks) throws UnsupportedCallbackException {
        for (Callback c : callbacks) {
            if (c instanceof OAuthBearerValidatorCallback v) {
                try {
                    v.token(token(v.tokenValue()));
                } catch (Exception e) {
                    System.err.println("token refused: " + e.getMessage());
                    v.error("Access denied", null, null);
                }
            } else if (!(c instanceof OAuthBearerExtensionsValidatorCallback)) {
                throw new UnsupportedCallbackException(c);
            }
        }
    }

    private static void must(boolean is, String what) {
        if (!is) throw new IllegalArgumentException(what);
    }

    private static OAuthBearerToken token(String value) throws Exception {
        must(!value.contains("="), "the token is padded");
        URI uri = new URI(new String(Base64.getUrlDecoder().decode(value), StandardCharsets.UTF_8));
        String region = System.getProperty("rig.aws.region");
        must("https".equals(uri.getScheme()) && ("kafka." + region + ".amazonaws.com").equals(uri.getHost()) && "/".equals(uri.getPath()),
                "its URL is " + uri.getScheme() + "://" + uri.getHost() + uri.getPath());
        TreeMap<String, String> query = new TreeMap<>();
        for (String pair : uri.getRawQuery().split("&")) {
            String[] parts = pair.split("=", 2);
            String name = URLDecoder.decode(parts[0], StandardCharsets.UTF_8);
            must(KNOWN.contains(name), "it has the unknown parameter " + name);
            must(query.put(name, URLDecoder.decode(parts[1], StandardCharsets.UTF_8)) == null, "its parameter " + name + " appears twice");
        }
        must("kafka-cluster:Connect".equals(query.get("Action")), "its action is " + query.get("Action"));
        must("AWS4-HMAC-SHA256".equals(query.get("X-Amz-Algorithm")), "its algorithm is " + query.get("X-Amz-Algorithm"));
        must("host".equals(query.get("X-Amz-SignedHeaders")), "it signs " + query.get("X-Amz-SignedHeaders"));
        must(query.get("User-Agent") != null, "it has no user agent");
        String at = query.get("X-Amz-Date");
        String[] credential = query.get("X-Amz-Credential").split("/");
        String scope = at.substring(0, 8) + "/" + region + "/kafka-cluster/aws4_request";
        must(query.get("X-Amz-Credential").equals(credential[0] + "/" + scope), "its scope is " + query.get("X-Amz-Credential"));
        Instant made = Instant.from(AT.parse(at));
        long seconds = Long.parseLong(query.get("X-Amz-Expires"));
        must(seconds > 0 && seconds <= 900, "its lifetime is " + seconds + " s");
        Instant ends = made.plusSeconds(seconds);
        must(made.isBefore(Instant.now().plus(Duration.ofMinutes(5))), "its date is in the future");

        String session = query.get("X-Amz-Security-Token"), secret, who = credential[0];
        if (session == null) {
            secret = System.getProperty("rig.aws.key." + who);
            must(secret != null, "its access key " + who + " is unknown");
        } else { // "END role", as the rig's STS makes it
            Instant end = Instant.ofEpochMilli(Long.parseLong(session.substring(0, session.indexOf(' '))));
            ends = end.isBefore(ends) ? end : ends;
            secret = hex(hmac(System.getProperty("rig.aws.seed").getBytes(StandardCharsets.UTF_8), who + session));
            who = session.substring(session.indexOf(' ') + 1);
        }
        must(ends.isAfter(Instant.now()), "it has expired");
        String signature = query.remove("X-Amz-Signature");
        query.remove("User-Agent"); // added after signing
        must(signed(query, uri.getHost(), at, scope, secret).equals(signature), "its signature is wrong");
        System.err.println("token accepted: " + credential[0] + " until " + ends);
        return new Token(value, who, made.toEpochMilli(), ends.toEpochMilli());
    }

    private static String signed(TreeMap<String, String> query, String host, String at, String scope, String secret) throws Exception {
        StringBuilder canonical = new StringBuilder();
        query.forEach((name, value) -> canonical.append(canonical.length() == 0 ? "" : "&").append(encode(name)).append('=').append(encode(value)));
        String request = "GET\n/\n" + canonical + "\nhost:" + host + "\n\nhost\n" + hash("");
        byte[] key = ("AWS4" + secret).getBytes(StandardCharsets.UTF_8);
        for (String part : scope.split("/")) key = hmac(key, part);
        return hex(hmac(key, "AWS4-HMAC-SHA256\n" + at + "\n" + scope + "\n" + hash(request)));
    }

    private static String encode(String s) {
        return URLEncoder.encode(s, StandardCharsets.UTF_8).replace("+", "%20").replace("*", "%2A").replace("%7E", "~");
    }

    private static String hash(String s) throws Exception {
        return hex(MessageDigest.getInstance("SHA-256").digest(s.getBytes(StandardCharsets.UTF_8)));
    }

    private static byte[] hmac(byte[] key, String text) throws Exception {
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(key, "HmacSHA256"));
        return mac.doFinal(text.getBytes(StandardCharsets.UTF_8));
    }

    private static String hex(byte[] b) {
        return HexFormat.of().formatHex(b);
    }

    private record Token(String value, String principalName, Long startTimeMs, long lifetimeMs) implements OAuthBearerToken {
        @Override
        public Set<String> scope() {
            return Set.of();
        }
    }
}
