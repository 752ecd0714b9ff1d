/** Programs that use the world from Java alone; docs/java-library.md tells how to run them, {@code ExamplesTest} does. */
package org.greensched.sim.examples;
