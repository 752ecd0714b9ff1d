package org.greensched.sim.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.greensched.sim.World;
import org.junit.jupiter.api.Test;

/** Holds docs/java-library.md to what is in the sources. */
class PageTest {
    private static String page() throws IOException {
        return Files.readString(Path.of("../docs/java-library.md"));
    }

    private static List<String> blocks(String language) throws IOException {
        Pattern block = Pattern.compile("^```" + language + "\n(.*?)^```$", Pattern.MULTILINE | Pattern.DOTALL);
        return block.matcher(page()).results().map(found -> found.group(1)).toList();
    }

    /** Each as it stands in the source that {@link ExamplesTest} runs, there further to the right. */
    @Test
    void theCodeOnThePageIsTheOneThatIsTested() throws IOException {
        List<String> shown = blocks("java");
        Map<String, String> sources = Map.of(
                "hostPowerW", "StockMeterExample", "CheapestPriceDecider extends ScoringDecider", "OwnDeciderExample",
                "RunFolderBuilder", "BuildExample");
        assertEquals(sources.size(), shown.size());
        for (var entry : sources.entrySet()) {
            String source = Files.readString(
                    Path.of("src/test/java/org/greensched/sim/examples/" + entry.getValue() + ".java"));
            String block = shown.stream().filter(text -> text.contains(entry.getKey())).findFirst().orElseThrow();
            boolean same = source.contains(block.replaceAll("(?m)^(?=.)", "    "))
                    || source.contains(block.replaceAll("(?m)^(?=.)", "        "));
            assertTrue(same, "docs/java-library.md must show what is in " + entry.getValue() + " as it is:\n" + block);
        }
    }

    @Test
    void coordinatesAreThoseOfTheModule() throws IOException {
        List<String> shown = blocks("xml");
        assertEquals(1, shown.size());
        String pom = Files.readString(Path.of("pom.xml"));
        for (String tag : List.of("groupId", "artifactId", "version")) {
            Pattern line = Pattern.compile("<" + tag + ">(.*?)</" + tag + ">");
            String own = line.matcher(shown.get(0)).results().map(found -> found.group(1)).findFirst().orElseThrow();
            // the module inherits group and version from its parent, which its pom names first
            MatchResult inPom = line.matcher(tag.equals("artifactId") ? pom.substring(pom.indexOf("</parent>")) : pom)
                    .results().findFirst().orElseThrow();
            assertEquals(inPom.group(1), own, tag);
        }
        assertTrue(shown.get(0).contains("<version>" + World.VERSION + "</version>"));
    }

    @Test
    void examplesExist() throws Exception {
        List<String> named = Pattern.compile("org\\.greensched\\.sim\\.examples\\.\\w+").matcher(page()).results()
                .map(MatchResult::group).toList();
        assertEquals(6, named.stream().distinct().count(), named.toString());
        for (String name : named) {
            Class.forName(name).getMethod("main", String[].class);
        }
    }
}
