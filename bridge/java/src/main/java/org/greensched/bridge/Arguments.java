package org.greensched.bridge;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The command line.
 *
 * @param runFolder a prepared run folder, or {@code null}
 * @param connect whether a mind waits already and stdin tells where
 * @param scenario a scenario to prepare first, or {@code null}
 * @param prepareOptions what goes to {@code greensched prepare}: {@code --set}, {@code --data}, {@code --out},
 *     {@code --document}, {@code --with}
 */
record Arguments(String runFolder, boolean connect, String scenario, List<String> prepareOptions) {
    static final String USAGE = """
            usage: greensched.jar <scenario.yml> [--set key=value]... [--data DIR] [--out DIR]
                                  [--document N] [--with FILE]
                   greensched.jar --run <run folder> [--connect]
              The first form prepares the scenario, runs it and writes the results (needs Python with GreenSched).
              The scenario may be a CloudSim file (datacenters and customers); every document of it is run, in order.
              --document only this document of a CloudSim file
              --with     a second file with zones, PUE, policy ... for a CloudSim file
              --run      simulate a run folder that was prepared before
              --connect  a mind listens already; stdin holds {"port": p, "token": "..."} and stays open
              --help     print this""";

    /** Whether somebody asks for the usage, whatever else is there. */
    static boolean askForHelp(String[] arguments) {
        return Arrays.stream(arguments).anyMatch(a -> a.equals("--help") || a.equals("-h"));
    }

    static Arguments parse(String[] arguments) throws LaunchException {
        String run = null;
        String scenario = null;
        boolean connect = false;
        List<String> options = new ArrayList<>();
        for (int i = 0; i < arguments.length; i++) {
            String argument = arguments[i];
            switch (argument) {
                case "--connect" -> connect = true;
                case "--run" -> run = value(arguments, ++i);
                case "--set", "--data", "--out", "--document", "--with" -> options.addAll(List.of(argument, value(arguments, ++i)));
                default -> {
                    if (argument.startsWith("-") || scenario != null) {
                        throw wrong("unexpected '" + argument + "'");
                    }
                    scenario = argument;
                }
            }
        }
        if ((run == null) == (scenario == null)) {
            throw wrong("name either a scenario or --run and a run folder");
        }
        if (run != null && !options.isEmpty()) {
            throw wrong(options.get(0) + " needs a scenario; a run folder is prepared already");
        }
        if (scenario != null && connect) {
            throw wrong("--connect needs --run");
        }
        return new Arguments(run, connect, scenario, options);
    }

    private static String value(String[] arguments, int index) throws LaunchException {
        if (index >= arguments.length) {
            throw wrong(arguments[index - 1] + " needs a value");
        }
        return arguments[index];
    }

    private static LaunchException wrong(String problem) {
        return new LaunchException(2, problem + "\n" + USAGE);
    }
}
