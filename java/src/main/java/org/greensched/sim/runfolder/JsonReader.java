package org.greensched.sim.runfolder;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;

/** Reads one JSON object and refuses, with the dotted path of the key, what the world could not safely use. */
final class JsonReader {
    private final JsonObject object;
    private final String file;
    private final String path;

    JsonReader(JsonObject object, String file, String path) {
        this.object = object;
        this.file = file;
        this.path = path;
    }

    BadInputException wrong(String key, String problem) {
        return new BadInputException(file, path + key + " " + problem);
    }

    boolean isNull(String key) {
        JsonElement value = object.get(key);
        return value == null || value.isJsonNull();
    }

    private JsonElement need(String key) {
        if (isNull(key)) {
            throw wrong(key, "is missing");
        }
        return object.get(key);
    }

    String text(String key) {
        JsonElement value = need(key);
        if (!value.isJsonPrimitive()) {
            throw wrong(key, "must be a text");
        }
        return value.getAsString();
    }

    boolean flag(String key) {
        JsonElement value = need(key);
        if (!value.isJsonPrimitive() || !value.getAsJsonPrimitive().isBoolean()) {
            throw wrong(key, "must be true or false");
        }
        return value.getAsBoolean();
    }

    long integer(String key, long min) {
        double value = number(key, min, Long.MAX_VALUE);
        if (value != Math.rint(value)) {
            throw wrong(key, "must be a whole number (got " + value + ")");
        }
        return object.get(key).getAsBigDecimal().longValueExact();
    }

    int index(String key, int min, int max) {
        return (int) ranged(key, integer(key, min), min, max);
    }

    double number(String key, double min, double max) {
        JsonElement value = need(key);
        if (!value.isJsonPrimitive() || !value.getAsJsonPrimitive().isNumber()) {
            throw wrong(key, "must be a number");
        }
        return ranged(key, value.getAsDouble(), min, max);
    }

    private double ranged(String key, double value, double min, double max) {
        if (!Double.isFinite(value) || value < min || value > max) {
            throw wrong(key, "must lie between " + min + " and " + max + " (got " + value + ")");
        }
        return value;
    }

    double[] numbers(String key, double min, double max) {
        JsonArray array = array(key);
        double[] values = new double[array.size()];
        for (int i = 0; i < values.length; i++) {
            JsonElement value = array.get(i);
            if (!value.isJsonPrimitive() || !value.getAsJsonPrimitive().isNumber()) {
                throw wrong(key + "[" + i + "]", "must be a number");
            }
            values[i] = ranged(key + "[" + i + "]", value.getAsDouble(), min, max);
        }
        return values;
    }

    double[][] matrix(String key, int rows, int columns, double min) {
        JsonArray array = array(key);
        if (array.size() != rows) {
            throw wrong(key, "must have " + rows + " rows, one per origin (got " + array.size() + ")");
        }
        double[][] values = new double[rows][];
        for (int r = 0; r < rows; r++) {
            JsonObject row = new JsonObject();
            row.add("row", array.get(r));
            values[r] = new JsonReader(row, file, path + key + "[" + r + "].").numbers("row", min, Double.MAX_VALUE);
            if (values[r].length != columns) {
                throw wrong(key + "[" + r + "]", "must have " + columns + " values, one per datacenter");
            }
        }
        return values;
    }

    String[] texts(String key) {
        JsonArray array = array(key);
        String[] values = new String[array.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = array.get(i).getAsString();
        }
        return values;
    }

    JsonArray array(String key) {
        JsonElement value = need(key);
        if (!value.isJsonArray()) {
            throw wrong(key, "must be a list");
        }
        return value.getAsJsonArray();
    }

    JsonReader child(String key) {
        JsonElement value = need(key);
        if (!value.isJsonObject()) {
            throw wrong(key, "must be an object");
        }
        return new JsonReader(value.getAsJsonObject(), file, path + key + ".");
    }

    JsonReader item(String key, int index) {
        JsonElement value = array(key).get(index);
        if (!value.isJsonObject()) {
            throw wrong(key + "[" + index + "]", "must be an object");
        }
        return new JsonReader(value.getAsJsonObject(), file, path + key + "[" + index + "].");
    }
}
