package org.greensched.sim.columns;

/** The column types of a frame (PROTOCOL.md §1). */
public enum ColumnType {
    /** 64-bit signed integers. */
    I64("i64", 8),
    /** 32-bit signed integers. */
    I32("i32", 4),
    /** Unsigned bytes, also booleans. */
    U8("u8", 1),
    /** IEEE doubles; NaN means missing. */
    F64("f64", 8),
    /** Strings: {@code i32 offsets[rows + 1]}, then UTF-8 bytes. */
    STR("str", 0);

    private final String wireName;
    private final int width;

    ColumnType(String wireName, int width) {
        this.wireName = wireName;
        this.width = width;
    }

    /** Name in a frame's header. */
    public String wireName() {
        return wireName;
    }

    /** Bytes per value; 0 for strings. */
    public int width() {
        return width;
    }

    /** The type called {@code wireName} in a header, or {@code null}. */
    static ColumnType of(String wireName) {
        for (ColumnType type : values()) {
            if (type.wireName.equals(wireName)) {
                return type;
            }
        }
        return null;
    }
}
