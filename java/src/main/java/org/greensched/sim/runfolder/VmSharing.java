package org.greensched.sim.runfolder;

/** How a host shares its cores out to virtual machines (run.json: {@code vm_scheduler}). */
public enum VmSharing {
    /** A virtual machine has its cores to itself, however few of their MIPS it can use. */
    SPACE,
    /** A virtual machine takes the MIPS that it can use; cores are shared, none of their MIPS twice. */
    TIME,
    /** As {@link #TIME} while there is room; where there is none, more MIPS are promised than there are and all get less. */
    OVERSUBSCRIBE
}
