const S = D.series, B = D.series_base, EDGES = S.edges_h, END_H = EDGES[EDGES.length - 1];
const HAS_TIME = EDGES.length > 1;
const sum = rows => rows.length ? rows[0].map((_, i) => rows.reduce((a, r) => a + (r[i] ?? 0), 0)) : [];
const highest = rows => rows.reduce((m, r) => r.reduce((a, v) => Math.max(a, v ?? 0), m), 0);
const known = S.intensity.flat().filter(v => v !== null);
const I_LOW = known.length ? Math.min(...known) : 0, I_HIGH = known.length ? Math.max(...known) : 1;
const shade = v => ramp((v - I_LOW) / (I_HIGH - I_LOW || 1));

function timeAxis(root, x, width, top, bottom) {
  const right = Number(root.getAttribute("width"));
  for (const [h, text] of timeTicks(END_H, width)) {
    svg("path", { d: `M${x(h)} ${top}V${bottom}`, class: "gridline" }, root);
    if (x(h) < 18) label(root, 0, bottom + 16, text, "dim");
    else if (x(h) + 20 <= right) label(root, x(h), bottom + 16, text, "dim", "middle");
  }
}

// --- all datacenters together
if (HAS_TIME) {
  legend("total-legend", [["own-line", D.policy], ...(B ? [["base-line", D.baseline]] : [])]);
  chart("total", w => w < 500 ? 190 : 230, (root, w, h) => {
    const own = sum(S.carbon_kgph), base = B ? sum(B.carbon_kgph) : [];
    const ticks = niceTicks(Math.max(highest([own]), highest([base])), 4), max = ticks[ticks.length - 1];
    const left = 44, bottom = h - 24, x = v => left + v / END_H * (w - left), y = v => bottom - v / max * (bottom - 18);
    label(root, 0, 10, "kg CO₂eq per hour", "dim");
    timeAxis(root, x, w - left, 18, bottom);
    for (const t of ticks) {
      svg("path", { d: `M${left} ${y(t)}H${w}`, class: t ? "gridline" : "axis" }, root);
      label(root, left - 7, y(t) + 4, short(t), "dim", "end");
    }
    svg("path", { d: areaPath(EDGES, own, x, y), class: "own-area" }, root);
    if (B) {
      const shown = B.edges_h.findIndex(e => e > END_H), until = shown < 0 ? base.length : shown - 1;
      svg("path", { d: linePath(B.edges_h, base.slice(0, until), x, y), class: "base-line" }, root);
    }
    svg("path", { d: linePath(EDGES, own, x, y), class: "own-line" }, root);
    follow(root, left, w, 18, bottom, EDGES, i => {
      const lines = [`${D.policy}: ${short(own[i])} kg/h`];
      if (B && base[i] !== undefined) lines.push(`${D.baseline}: ${short(base[i])} kg/h`);
      return [when(EDGES[i]), lines.join("\n")];
    });
  });
}

// --- one row per datacenter; `paint` draws a row into [top, bottom]
function rowChart(id, rowHeight, paint, text, scale) {
  const n = D.datacenters.length, wide = w => w >= 560;
  const pitch = w => wide(w) ? rowHeight : rowHeight + 20;
  chart(id, w => pitch(w) * n + 30, (root, w, h) => {
    const left = wide(w) ? 132 : 0, x = v => left + v / END_H * (w - left);
    timeAxis(root, x, w - left, 6, h - 26);
    D.datacenters.forEach((dc, k) => {
      const bottom = (k + 1) * pitch(w) - 4, top = bottom - rowHeight + 14;
      if (wide(w)) {
        label(root, 0, top + 12, dc.name, "name");
        label(root, 0, top + 28, dc.zone, "dim");
        label(root, 0, top + 43, scale(k), "dim");
      } else {
        label(root, 0, top - 6, dc.name, "name halo");
        label(root, w, top - 6, `${dc.zone} · ${scale(k)}`, "dim halo", "end");
      }
      paint(root, k, x, top, bottom, left, w);
    });
    follow(root, left, w, 0, h - 26, EDGES, (i, y) => {
      const k = Math.min(n - 1, Math.max(0, Math.floor(y / pitch(w))));
      return [D.datacenters[k].name, `${when(EDGES[i])}\n${text(k, i)}`];
    });
  });
}

if (HAS_TIME) {
  const top = Math.max(highest(S.carbon_kgph), B ? highest(B.carbon_kgph) : 0) || 1;
  legend("regions-legend", [["own-area", `emitted by ${D.policy}, full height ${short(top)} kg/h`],
    ...(B ? [["base-line", D.baseline]] : []), ["ramp", [short(I_LOW), short(I_HIGH)]]]);
  const mean = k => { const v = S.intensity[k].filter(i => i !== null); return v.reduce((a, b) => a + b, 0) / v.length; };
  rowChart("regions", 74, (root, k, x, y0, y1, left, w) => {
    const strip = 8, floor = y1 - strip - 2, y = v => floor - v / top * (floor - y0);
    svg("path", { d: `M${left} ${floor}H${w}`, class: "axis" }, root);
    svg("path", { d: areaPath(EDGES, S.carbon_kgph[k], x, y), class: "own-area" }, root);
    if (B) svg("path", { d: linePath(B.edges_h, B.carbon_kgph[k], v => Math.min(x(v), w), y), class: "base-line" }, root);
    svg("path", { d: linePath(EDGES, S.carbon_kgph[k], x, y), class: "own-line" }, root);
    S.intensity[k].forEach((v, i) => {
      if (v !== null) svg("rect", { x: x(EDGES[i]), y: y1 - strip, width: x(EDGES[i + 1]) - x(EDGES[i]) + .4, height: strip, fill: shade(v) }, root);
    });
  }, (k, i) => [
    `${D.policy}: ${short(S.carbon_kgph[k][i])} kg/h`,
    ...(B ? [`${D.baseline}: ${short(B.carbon_kgph[k][i])} kg/h`] : []),
    `grid: ${short(S.intensity[k][i])} g/kWh`,
  ].join("\n"), k => `mean ${short(mean(k))} g/kWh`);

  const longest = highest(S.queue);
  legend("load-legend", [["own-area", "cores in use, full height 100 %"],
    ["queue-line", longest ? `tasks waiting, full height ${short(longest)}` : "tasks waiting: none at any time"]]);
  rowChart("load", 62, (root, k, x, y0, y1, left, w) => {
    const y = v => y1 - v * (y1 - y0), q = v => y1 - v / (longest || 1) * (y1 - y0);
    svg("path", { d: `M${left} ${y0}H${w}`, class: "gridline" }, root);
    svg("path", { d: `M${left} ${y1}H${w}`, class: "axis" }, root);
    svg("path", { d: areaPath(EDGES, S.util[k], x, y), class: "own-area" }, root);
    svg("path", { d: linePath(EDGES, S.util[k], x, y), class: "own-line" }, root);
    if (highest([S.queue[k]])) svg("path", { d: linePath(EDGES, S.queue[k], x, q), class: "queue-line" }, root);
  }, (k, i) => `cores in use: ${short(100 * S.util[k][i])} %\nwaiting: ${short(S.queue[k][i])} tasks`,
  k => { const u = S.util[k]; return `mean ${short(100 * u.reduce((a, b) => a + (b ?? 0), 0) / u.length, 2)} %`; });
}

// --- errors of predictions, with marks where a model began to serve
if (D.errors) {
  const E = D.errors, end = E.edges_h[E.edges_h.length - 1], pct = v => v === null ? "n/a" : `${short(100 * v)} %`;
  const lines = [["own-line", "energy", E.energy_median_frac, E.energy_rmspe_frac], ["base-line", "service time", E.service_median_frac, E.service_rmspe_frac]];
  legend("errors-legend", [...lines.map(([cls, name]) => [cls, name]), ...(E.swaps.length ? [["base-mark", "another model begins to serve"]] : [])]);
  chart("errors", w => w < 500 ? 200 : 240, (root, w, h) => {
    // a window with a few stragglers must not flatten all others: beyond four times the middle it is drawn at the edge
    const all = lines.flatMap(l => l[2]).filter(v => v !== null).sort((a, b) => a - b);
    const ticks = niceTicks(Math.min(all[all.length - 1], 4 * all[all.length >> 1]), 4), max = ticks[ticks.length - 1];
    const left = 48, top = 30, bottom = h - 24, x = v => left + v / end * (w - left);
    const y = v => bottom - Math.min(v / max, 1) * (bottom - top);
    label(root, 0, 10, "median error", "dim");
    for (const [t, text] of timeTicks(end, w - left)) {
      svg("path", { d: `M${x(t)} ${top}V${bottom}`, class: "gridline" }, root);
      if (x(t) + 20 <= w && x(t) - 20 >= 0) label(root, x(t), bottom + 16, text, "dim", "middle");
    }
    for (const t of ticks) {
      svg("path", { d: `M${left} ${y(t)}H${w}`, class: t ? "gridline" : "axis" }, root);
      label(root, left - 7, y(t) + 4, `${short(100 * t)} %`, "dim", "end");
    }
    for (const s of E.swaps) svg("path", { d: `M${x(s.h)} ${top - 8}V${bottom}`, class: "base-mark swap" }, root);
    for (const [cls, , median] of lines) {
      svg("path", { d: linePath(E.edges_h, median, x, y), class: cls }, root);
      median.forEach((v, i) => {
        if (v !== null) svg("circle", { cx: x((E.edges_h[i] + E.edges_h[i + 1]) / 2), cy: y(v), r: 2.5, class: `${cls} dot` }, root);
      });
    }
    follow(root, left, w, top - 8, bottom, E.edges_h, i => {
      const here = E.swaps.filter(s => s.h >= E.edges_h[i] && s.h < E.edges_h[i + 1]).map(s => `${s.version} ${s.event}`);
      const said = lines.map(([, name, median, rmspe]) => `${name}: ${pct(median[i])} (RMSPE ${pct(rmspe[i])})`);
      return [`from ${when(E.edges_h[i])}`, [...said, `${E.reports[i] ?? 0} reports`, ...here].join("\n")];
    });
  });
}

// --- horizontal bars
function bars(id, labels, own, base, format, isBad) {
  const left = () => 8 + Math.max(...labels.map(t => t.length)) * 6.6, pitch = 25;
  chart(id, () => labels.length * pitch + 4, (root, w) => {
    const x0 = left(), max = Math.max(...own, ...(base || [0])) || 1, x = v => x0 + v / max * (w - x0 - 62);
    labels.forEach((text, i) => {
      const y = i * pitch + 3;
      label(root, x0 - 8, y + 13, text, "", "end");
      svg("rect", { x: x0, y, width: Math.max(own[i] ? 1.5 : 0, x(own[i]) - x0), height: 17, rx: 2, class: isBad(i) ? "bad-bar" : "own-bar" }, root);
      svg("path", { d: `M${x0} ${y - 3}V${y + 20}`, class: "axis" }, root);
      if (base && base[i]) svg("path", { d: `M${x(base[i])} ${y - 2}V${y + 19}`, class: "base-mark" }, root);
      label(root, x(Math.max(own[i], base ? base[i] : 0)) + 7, y + 13, format(own[i]), "dim");
    });
  });
}

// Long labels stand above their bar.
function listing(id, rows) {
  const pitch = 40, max = Math.max(1, ...rows.map(r => r.count));
  chart(id, () => rows.length * pitch + 2, (root, w) => rows.forEach((row, i) => {
    const y = i * pitch, room = Math.floor((w - 70) / 6.5), long = row.label.length > room;
    const node = label(root, 0, y + 13, long ? `${row.label.slice(0, room - 1)}…` : row.label);
    if (long) svg("title", {}, node).textContent = row.label;
    label(root, w, y + 13, row.count.toLocaleString("en"), "", "end");
    svg("rect", { x: 0, y: y + 19, width: w, height: 8, rx: 2, class: "track" }, root);
    svg("rect", { x: 0, y: y + 19, width: Math.max(2, row.count / max * w), height: 8, rx: 2, class: row.bad ? "bad-bar" : "own-bar" }, root);
  }));
}

const percent = v => v === 0 ? "0" : v < .0005 ? "< 0.1 %" : `${short(100 * v, v < .01 ? 1 : 3)} %`;
for (const id of ["wait", "late"]) {
  const h = D[id], bad = h.first_bad ?? Infinity;
  legend(`${id}-legend`, [["own-bar", D.policy], ...(id === "late" ? [["bad-bar", `${D.policy}, late`]] : []),
    ...(h.base ? [["base-mark", D.baseline]] : [])]);
  bars(id, h.labels, h.own, h.base, percent, i => i >= bad);
}
listing("kinds", D.decisions.kinds);
listing("reasons", D.decisions.reasons);
