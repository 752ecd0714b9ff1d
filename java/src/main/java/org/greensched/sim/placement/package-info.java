/** The port through which the world asks where and when tasks run, and deciders that need no mind. */
package org.greensched.sim.placement;
