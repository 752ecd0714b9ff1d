package org.greensched.bridge;

import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;

/**
 * Where the mind listens and the secret that it asks for.
 *
 * @param port loopback port
 * @param token 64 hexadecimal digits; never printed
 */
record Endpoint(int port, String token) {

    /** Reads {@code {"port": p, "token": "..."}}. */
    static Endpoint parse(String json) {
        try {
            JsonObject object = JsonParser.parseString(json).getAsJsonObject();
            return new Endpoint(object.get("port").getAsInt(), object.get("token").getAsString());
        } catch (JsonParseException | IllegalStateException | NullPointerException | NumberFormatException e) {
            // the line holds the token: neither it nor the parser's message may reach a log
            throw new IllegalArgumentException("standard input must hold one line {\"port\": p, \"token\": \"...\"}");
        }
    }

    @Override
    public String toString() {
        return "127.0.0.1:" + port;
    }
}
