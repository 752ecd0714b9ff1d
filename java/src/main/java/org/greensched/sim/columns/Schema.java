package org.greensched.sim.columns;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** The columns of a table as a frame's header names them: {@code "name:type name:type"} (PROTOCOL.md §1). */
final class Schema {
    /** One column. */
    record Column(String name, ColumnType type) {}

    /** A run meets a dozen schemas, thousands of times each; files of others must not fill the memory. */
    private static final int MOST_KEPT = 256;
    private static final Map<String, List<Column>> KEPT = new ConcurrentHashMap<>();

    private Schema() {}

    /**
     * The columns that {@code text} names, in their order.
     *
     * @throws FrameException another form, an unknown type or a name that comes twice
     */
    static List<Column> parse(String text, String where) {
        List<Column> known = KEPT.get(text);
        if (known != null) {
            return known;
        }
        List<Column> columns = new ArrayList<>();
        Set<String> names = new HashSet<>();
        for (String part : text.isEmpty() ? new String[0] : text.split(" ", -1)) {
            int colon = part.lastIndexOf(':');
            ColumnType type = colon <= 0 ? null : ColumnType.of(part.substring(colon + 1));
            if (type == null || part.indexOf(':') != colon) {
                throw new FrameException(where, "column '" + part + "' is not name:type with a type of i64, i32, u8, f64, str");
            }
            if (!names.add(part.substring(0, colon))) {
                throw new FrameException(where, "column '" + part + "' comes twice");
            }
            columns.add(new Column(part.substring(0, colon), type));
        }
        if (KEPT.size() < MOST_KEPT) {
            KEPT.put(text, List.copyOf(columns));
        }
        return columns;
    }

    /** Appends one column to the text of a schema. */
    static void append(StringBuilder text, boolean first, String name, ColumnType type) {
        text.append(first ? "" : " ").append(name).append(':').append(type.wireName());
    }
}
