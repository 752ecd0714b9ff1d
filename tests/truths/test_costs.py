"""What work truly costs, by hand: the numbers are worked out from the published facts, not from the code."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest

from greensched.truths import cores, costs, effects, roofline
from greensched.truths.applications import Application
from greensched.truths.facts import Tool, models
from greensched.truths.kinds_of_work import Program
from greensched.truths.machines import Machine
from greensched.truths.modes import MODES
from greensched.truths.roofline import GpuWork
from tests.truths.worked import A100, IMAGES, NET, SLOW, T4, TEXTS, TOOL, XEON

TUNE, LORA, GENERATE, EVALUATE = MODES["llm"]


def work(mode: object = TUNE, precision: str = "fp16", batch: int = 8, inner: int = 0) -> GpuWork:
    return GpuWork(NET, mode, TEXTS, precision, batch, inner)  # type: ignore[arg-type]


def test_work_and_traffic_of_a_step() -> None:
    # 8 texts of 100 tokens, 2 GFLOP a token forward, training three times that
    flop, traffic = roofline.step(work())
    assert flop == pytest.approx(8 * 100 * 2e9 * 3)
    # 10^9 weights of 2 bytes, passed over ten times, and 140 FLOP for each byte of activations
    assert traffic == pytest.approx(1e9 * 2 * 10 + 8 * 100 * 3 * 2e9 / 140)


def test_training_on_an_a100_is_compute_bound_and_takes_what_it_takes_by_hand() -> None:
    # compute: 4.8e12 FLOP at 42 % of 312 TFLOP/s = 36.63 ms; memory: 20.034 GB at 80 % of 2,039 GB/s = 12.28 ms;
    # where they meet: (36.63^4 + 12.28^4)^(1/4) = 36.75 ms; 6 ms overhead; 8 samples in a step
    on = roofline.run(work(), 1.0, 11.0, [A100])
    compute_s, memory_s = 4.8e12 / (0.42 * 312e12), (20e9 + 4.8e12 / 140) / (0.8 * 2039e9)
    step_s = (compute_s**4 + memory_s**4) ** 0.25 + 0.006
    assert on.sample_s[0] == pytest.approx(step_s / 8, rel=1e-12)


def test_decoding_is_bound_by_bandwidth_so_that_peak_speed_hardly_matters() -> None:
    on = roofline.run(work(GENERATE, "fp16", 1, 128), 1.0, 11.0, [A100, T4])
    launches_s = 128 * 0.002
    busy_s = on.sample_s - launches_s
    assert busy_s[1] / busy_s[0] == pytest.approx(2039 / 320, rel=0.02)  # not 312 / 65


def test_every_new_token_is_a_pass_of_its_own() -> None:
    """A small model on a fast GPU waits for launches: GPT-2 once wrote 13,000 tokens a second, alone in its batch."""
    small = dataclasses.replace(NET, params=124e6, flop_per_unit=0.25e9)
    on = roofline.run(GpuWork(small, GENERATE, TEXTS, "fp16", 1, 512), 1.0, 11.0, [A100])
    # 124 M weights of 2 bytes at 1,631 GB/s are 0.152 ms a token, launches 2 ms
    assert on.sample_s[0] == pytest.approx(512 * (0.000152 + 0.002), rel=0.01)
    assert on.gpu_util_frac[0] < 0.06


def test_one_core_drives_each_gpu() -> None:
    one, eight = (roofline.run(work(), g, 91.0, [A100]).cpu_util_frac[0] for g in (1.0, 8.0))
    assert one == pytest.approx(0.04 + 0.8 / 91)
    assert eight == pytest.approx(0.04 + 8 * 0.8 / 91)


def test_large_batches_are_cheaper_per_sample_and_only_up_to_the_ridge() -> None:
    sizes = [1, 4, 16, 64, 256, 1024]
    each_s = [roofline.run(work(batch=b), 1.0, 11.0, [A100]).sample_s[0] for b in sizes]
    gains = [a / b for a, b in itertools.pairwise(each_s)]
    assert all(g > 1 for g in gains)
    assert gains[0] > 2.5
    assert gains[-1] < 1.05


def test_half_precision_is_faster_and_what_a_gpu_lacks_is_computed_wider() -> None:
    def step_s(precision: str, machine: Machine) -> float:
        return float(roofline.run(work(precision=precision), 1.0, 11.0, [machine]).sample_s[0])

    assert step_s("fp16", A100) < step_s("tf32", A100) < step_s("fp32", A100)
    assert step_s("bf16", T4) > 5 * step_s("fp16", T4)  # Turing has no bf16
    assert step_s("bf16", A100) == step_s("fp16", A100)


def test_several_gpus_lose_a_little_and_a_share_is_a_share() -> None:
    one, two, half = (roofline.run(work(batch=512), g, 11.0, [A100]).sample_s[0] * 512 - 0.006 for g in (1.0, 2.0, 0.5))
    assert two == pytest.approx(one * 1.04 / 2)
    assert half == pytest.approx(one * 2)


def test_images_need_cores() -> None:
    net = dataclasses.replace(NET, family="vision", unit="image", flop_per_unit=5e10)
    heavy = dataclasses.replace(IMAGES, size_gb=0.112)  # 112 kB each: 0.0003 + 60 * 0.000112 = 7.0 ms of a core
    scoring = GpuWork(net, MODES["vision"][2], heavy, "fp16", 64, 0)
    few, many = (roofline.run(scoring, 1.0, c, [A100]) for c in (1.0, 64.0))
    assert few.sample_s[0] == pytest.approx(0.00702 + 0.0015 / 64, rel=0.001)
    assert many.sample_s[0] < few.sample_s[0] / 9  # of 64 cores: then the GPU is waited for
    assert few.gpu_util_frac[0] < many.gpu_util_frac[0]


def test_utilisation_is_a_fraction_whatever_is_computed() -> None:
    for model in models()[::7]:
        for mode in MODES[model.family]:
            for batch in (1, 64):
                job = GpuWork(model, mode, TEXTS, "fp16", batch, mode.inner[0] if mode.inner else 0)
                on = roofline.run(job, 1.0, 4.0, [A100, T4, XEON])
                assert ((on.gpu_util_frac > 0) & (on.gpu_util_frac <= 0.95)).all()
                assert ((on.cpu_util_frac > 0) & (on.cpu_util_frac <= 1)).all()
                assert np.isfinite(on.sample_s[:2]).all()
                assert np.isinf(on.sample_s[2])


def test_a_program_obeys_amdahl_and_what_bounds_it() -> None:
    # half a GB a second on one core; a tenth is serial: 4 cores take 0.1 + 0.9 / 4 = 0.325 of the time
    on = cores.run(TOOL, 4.0, [XEON, SLOW])
    assert on.sample_s[0] == pytest.approx(2.0 * 0.325)
    # half the time general code at half the speed, a quarter vector code at a quarter
    assert on.sample_s[1] == pytest.approx(2.0 * 0.325 * (0.5 / 0.5 + 0.25 + 0.25 / 0.25))
    # 80 % of the cores that work; all four work 1 / (4 * 0.325) of the time on average
    assert on.cpu_util_frac[0] == pytest.approx(0.8 / 1.3)


def test_half_a_core_takes_twice_as_long() -> None:
    assert cores.run(TOOL, 0.5, [XEON]).sample_s[0] == pytest.approx(4.0)
    assert cores.run(TOOL, 0.5, [XEON]).cpu_util_frac[0] == pytest.approx(0.8)


def test_a_copy_that_is_faster_is_faster_in_everything() -> None:
    faster = dataclasses.replace(T4, gpu_speed=T4.gpu_speed * 1.1)
    slow_s, fast_s = (roofline.run(work(batch=512), 1.0, 11.0, [m]).sample_s[0] * 512 - 0.006 for m in (T4, faster))
    assert slow_s / fast_s == pytest.approx(1.1)
    unheard = Machine("own", (1.0, 1.0, 1.0), "my-gpu", 0.5)
    assert roofline.run(work(batch=512), 1.0, 11.0, [unheard]).sample_s[0] * 512 - 0.006 == pytest.approx(
        2 * (roofline.run(work(batch=512), 1.0, 11.0, [A100]).sample_s[0] * 512 - 0.006)
    )


def test_memory_bound_programs_suffer_from_neighbours_most_and_late_and_vector_code_from_heat() -> None:
    # a quarter of its time memory: 0.05 + 0.30 / 4, and 1 + 1.5 / 4; a quarter vector: 0.003 / 4 per degree
    assert costs.circumstances(program(TOOL)) == pytest.approx((0.125, 1.375, 0.00075))
    streams = dataclasses.replace(TOOL, bound=(0.1, 0.8, 0.1))
    assert costs.circumstances(program(streams)) == pytest.approx((0.29, 2.2, 0.0003))
    assert costs.work_class(program(TOOL)) == "general"
    assert costs.work_class(program(streams)) == "memory"
    assert costs.work_class(program(dataclasses.replace(TOOL, bound=(0.1, 0.2, 0.7)))) == "vector"


def program(tool: Tool) -> Application:
    """Somebody who runs a program."""
    kind = Program(tool, "load", None)
    return Application(kind, None, 4.0, 8.0, 0.0, 0.0, "a.b", "b", "p", "prod", (0, 0), 0)


def test_facts_are_in_bytes_and_long_texts_are_cut() -> None:
    resnet = next(m for m in models() if m.name == "ResNet-50")
    assert (resnet.bytes_per_unit, resnet.flop_per_unit, resnet.params) == pytest.approx((44.4e6, 8.178e9, 25.56e6))
    long = dataclasses.replace(TEXTS, units_per_sample=9000.0)
    assert GpuWork(NET, EVALUATE, long, "fp16", 1, 0).units_per_sample == 2048
    other = dataclasses.replace(NET, family="graph")
    assert GpuWork(other, EVALUATE, long, "fp16", 1, 0).units_per_sample == 9000


def test_sampling_images_moves_activations_in_every_step_and_decoding_moves_none() -> None:
    net = dataclasses.replace(NET, family="diffusion", unit="step-image")
    sample = MODES["diffusion"][0]
    # 30 steps: 10^9 weights of 2 bytes, and 2 GFLOP of each of 8 images at 140 FLOP a byte
    _, traffic = roofline.step(GpuWork(net, sample, IMAGES, "fp16", 8, 30))
    assert traffic == pytest.approx(30 * (2e9 + 8 * 2e9 / 140))
    _, traffic = roofline.step(work(GENERATE, "fp16", 8, 64))
    assert traffic == pytest.approx(64 * 2e9)


def test_every_datacenter_throttles_at_a_temperature_of_its_own() -> None:
    limits = {effects.throttle_c(seed, f"dc{i}") for seed in (0, 1) for i in range(20)}
    assert len(limits) > 25
    assert 24 <= min(limits) < 27 and 31 < max(limits) <= 34
