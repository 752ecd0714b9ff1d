// Where jobs ran. The map keeps its proportions; on a phone it is cut to the part that holds datacenters.
(() => {
  const M = D.map, points = D.datacenters.map(d => d.xy);
  const most = Math.max(...D.core_h, ...(D.core_h_base || [0])) || 1;
  legend("map-legend", [["ramp", [short(I_LOW), short(I_HIGH)]], ["arc", "work that moved, width by core-hours"],
    ...(D.core_h_base ? [["ring", D.baseline]] : [])]);

  const circleBox = ([x, y], r) => [x - r, y - r, x + r, y + r];
  const overlap = (a, b) => a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3];

  function view() {
    const xs = points.map(p => p[0]), ys = points.map(p => p[1]);
    const x0 = Math.max(0, Math.min(...xs) - 70), x1 = Math.min(M.width, Math.max(...xs) + 70);
    const y0 = Math.max(0, Math.min(...ys) - 75), y1 = Math.min(M.height, Math.max(...ys) + 60);
    // never closer than a third of the world, or a lone datacenter would float in featureless land
    const w = Math.max(x1 - x0, M.width / 3), h = Math.max(y1 - y0, w * .38);
    const left = Math.max(0, Math.min(M.width - w, (x0 + x1 - w) / 2)), top = Math.max(0, Math.min(M.height - h, (y0 + y1 - h) / 2));
    return { left, top, w, h: Math.min(h, M.height) };
  }

  const V = view();
  chart("map", w => Math.round(w * V.h / V.w), (root, w, h) => {
    const scale = w / V.w, at = ([x, y]) => [(x - V.left) * scale, (y - V.top) * scale];
    const biggest = Math.max(13, Math.min(30, w / 34));
    const radius = v => Math.sqrt(v / most) * biggest;
    const clip = svg("clipPath", { id: "map-clip" }, root);
    svg("rect", { width: w, height: h }, clip);
    const ground = svg("g", { "clip-path": "url(#map-clip)" }, root);
    svg("path", { d: M.land, class: "land", transform: `scale(${scale}) translate(${-V.left} ${-V.top})` }, ground);
    drawFlows(root, at, w);
    const taken = [];
    const order = points.map((_, k) => k).sort((a, b) => D.core_h[b] - D.core_h[a]);
    for (const k of order) drawSite(root, k, at(points[k]), radius);
    for (const k of order) taken.push(circleBox(at(points[k]), radius(D.core_h[k])));
    for (const k of order) placeName(root, k, at(points[k]), radius(D.core_h[k]), taken, w, h);
  });

  function drawFlows(root, at, w) {
    const widest = D.flows.length ? D.flows[0][2] : 1;
    for (const [from, to, hours] of [...D.flows].reverse()) {
      const [x0, y0] = at(points[from]), [x1, y1] = at(points[to]), lift = Math.hypot(x1 - x0, y1 - y0) * .22;
      const share = hours / widest;
      // the arc bends to the left of its direction, so that the two directions of a pair do not cover each other
      const sign = x1 >= x0 ? -1 : 1, mx = (x0 + x1) / 2, my = (y0 + y1) / 2 + sign * lift;
      const node = svg("path", { d: `M${x0} ${y0}Q${mx} ${my} ${x1} ${y1}`, class: "arc", "stroke-width": (.6 + share * Math.min(6, w / 160)).toFixed(2), opacity: (.16 + .34 * share).toFixed(2) }, root);
      node.addEventListener("pointermove", e => tip(e, `${D.datacenters[from].name} → ${D.datacenters[to].name}`, `${short(hours)} core-hours`));
      node.addEventListener("pointerleave", hide);
    }
  }

  function drawSite(root, k, [x, y], radius) {
    const grid = S.intensity[k].filter(v => v !== null), mean = grid.reduce((a, b) => a + b, 0) / (grid.length || 1);
    const disc = svg("circle", { cx: x, cy: y, r: Math.max(2.5, radius(D.core_h[k])), class: "disc", fill: shade(mean) }, root);
    if (D.core_h_base) svg("circle", { cx: x, cy: y, r: Math.max(2.5, radius(D.core_h_base[k])), class: "ring", "pointer-events": "none" }, root);
    const lines = [`${D.policy}: ${short(D.core_h[k])} core-hours`];
    if (D.core_h_base) lines.push(`${D.baseline}: ${short(D.core_h_base[k])} core-hours`);
    lines.push(`grid: mean ${short(mean)} g/kWh`);
    disc.addEventListener("pointermove", e => tip(e, `${D.datacenters[k].name} (${D.datacenters[k].zone})`, lines.join("\n")));
    disc.addEventListener("pointerleave", hide);
  }

  // The first of eight places that is free and on the map; a name with no place is left to the tooltip and the table.
  function placeName(root, k, [x, y], r, taken, w, h) {
    const text = D.datacenters[k].name, tw = text.length * 6.9 + 4, gap = r + 5;
    const places = [[x + gap, y + 4, "start"], [x - gap, y + 4, "end"], [x, y - gap, "middle"], [x, y + gap + 10, "middle"],
      [x + gap * .8, y - gap * .7, "start"], [x - gap * .8, y - gap * .7, "end"], [x + gap * .8, y + gap * .8 + 8, "start"], [x - gap * .8, y + gap * .8 + 8, "end"]];
    for (const [px, py, anchor] of places) {
      const left = anchor === "start" ? px : anchor === "end" ? px - tw : px - tw / 2, box = [left, py - 11, left + tw, py + 3];
      if (box[0] < 0 || box[2] > w || box[1] < 0 || box[3] > h || taken.some(t => overlap(t, box))) continue;
      taken.push(box);
      label(root, px, py, text, "name halo", anchor).setAttribute("pointer-events", "none");
      return;
    }
  }
})();
