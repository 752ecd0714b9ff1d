package org.greensched.sim.columns;

/** Writes JSON by hand: frame headers are built for every message, and reflection would cost more than the columns. */
final class JsonText {
    private final StringBuilder text = new StringBuilder(2048);

    void clear() {
        text.setLength(0);
    }

    StringBuilder raw() {
        return text;
    }

    JsonText quote(CharSequence value) {
        text.append('"');
        if (isPlain(value)) {
            text.append(value).append('"');
            return this;
        }
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            if (c == '"' || c == '\\') {
                text.append('\\').append(c);
            } else if (c < 0x20 || Character.isSurrogate(c)) {
                // escaped surrogates keep even a lone one representable in UTF-8
                text.append(String.format("\\u%04x", (int) c));
            } else {
                text.append(c);
            }
        }
        text.append('"');
        return this;
    }

    /** Whether nothing has to be escaped; nearly all texts are like that. */
    private static boolean isPlain(CharSequence value) {
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            if (c == '"' || c == '\\' || c < 0x20 || Character.isSurrogate(c)) {
                return false;
            }
        }
        return true;
    }

    JsonText number(double value) {
        if (!Double.isFinite(value)) {
            throw new IllegalArgumentException(value + " cannot be written as JSON; leave the key out");
        }
        text.append(value);
        return this;
    }
}
