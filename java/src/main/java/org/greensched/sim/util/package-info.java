/** Small primitive containers and sums. */
package org.greensched.sim.util;
