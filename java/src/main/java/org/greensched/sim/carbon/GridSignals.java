package org.greensched.sim.carbon;

/**
 * What the grid and the weather of one datacenter really did; a signal that was never given is missing (NaN) throughout.
 *
 * @param carbon average intensity, g CO2eq per kWh
 * @param marginal marginal intensity, g CO2eq per kWh
 * @param wind share of wind, 0..1
 * @param solar share of sun, 0..1
 * @param renewable share of renewables, 0..1
 * @param price currency of the scenario per kWh
 * @param temperature outside, degrees Celsius
 */
public record GridSignals(
        StepSignal carbon, StepSignal marginal, StepSignal wind, StepSignal solar, StepSignal renewable, StepSignal price,
        StepSignal temperature) {}
