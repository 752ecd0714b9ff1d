/** The run folder (bridge/PROTOCOL.md §2): what {@code prepare} resolved, and the records that the world writes. */
package org.greensched.sim.runfolder;
