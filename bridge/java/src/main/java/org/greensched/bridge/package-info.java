/** The world's end of the bridge: messages over mapped files, calls over py4j, and the program's entry point. */
package org.greensched.bridge;
