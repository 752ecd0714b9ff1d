package org.greensched.sim.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
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

    @Test
    void theDeciderOnThePageIsTheOneThatIsTested() throws IOException {
        String source = Files.readString(Path.of("src/test/java/org/greensched/sim/examples/OwnDeciderExample.java"));
        List<String> shown = blocks("java");
        assertEquals(1, shown.size());
        assertTrue(shown.get(0).contains("CheapestPriceDecider extends ScoringDecider"), shown.get(0));
        String nested = shown.get(0).replaceAll("(?m)^(?=.)", "    "); // in the source it is a nested class
        assertTrue(source.contains(nested), "docs/java-library.md must show the decider of OwnDeciderExample as it is");
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
        assertEquals(3, named.stream().distinct().count(), named.toString());
        for (String name : named) {
            Class.forName(name).getMethod("main", String[].class);
        }
    }
}
