package org.greensched.bridge;

import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.util.List;
import py4j.Protocol;
import py4j.Py4JException;
import py4j.ReturnObject;
import py4j.commands.AbstractCommand;

/**
 * The only thing that the mind can call in this virtual machine: {@code truth(sequence, length)}. It stands in for py4j's
 * command of the same name, which would let whoever holds the token reach any class by reflection.
 */
final class TruthCommand extends AbstractCommand {
    /** Answers one question; both lengths are bytes of a frame in the shared files. */
    interface Teller {
        long tell(long sequence, long length) throws IOException;
    }

    private final Teller teller;

    TruthCommand(Teller teller) {
        this.commandName = "c";
        this.teller = teller;
    }

    @Override
    public void execute(String name, BufferedReader reader, BufferedWriter writer) throws IOException {
        String target = reader.readLine();
        String method = reader.readLine();
        List<Object> arguments = getArguments(reader);
        if (!Protocol.ENTRY_POINT_OBJECT_ID.equals(target) || !"truth".equals(method) || arguments.size() != 2
                || !(arguments.get(0) instanceof Number sequence) || !(arguments.get(1) instanceof Number length)) {
            throw new Py4JException("the world serves truth(sequence, length) and nothing else");
        }
        long answer = teller.tell(sequence.longValue(), length.longValue());
        writer.write(Protocol.getOutputCommand(ReturnObject.getPrimitiveReturnObject(answer)));
        writer.flush();
    }
}
