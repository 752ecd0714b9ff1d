/**
 * Run folders from Java code. Begin with {@link org.greensched.sim.builder.RunFolderBuilder}; a wrong value is refused
 * at once with an {@link java.lang.IllegalArgumentException} that names it and says what was expected.
 */
package org.greensched.sim.builder;
