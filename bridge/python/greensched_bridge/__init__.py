"""The mind's end of the bridge: serves one world over py4j and starts it (bridge/PROTOCOL.md)."""
