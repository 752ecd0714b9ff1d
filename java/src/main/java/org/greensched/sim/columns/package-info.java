/** Frames: a JSON header and aligned little-endian column buffers (bridge/PROTOCOL.md §1), read and written without copies. */
package org.greensched.sim.columns;
