"use strict";
// Drawing helpers. Charts are drawn at the real width of their box, so that text keeps its size on a phone, and are drawn
// again when that width changes.
const D = JSON.parse(document.getElementById("data").textContent);
const START_MS = Date.parse(D.start_utc);
const RAMP = [[248, 230, 163], [243, 183, 94], [221, 121, 58], [171, 63, 66], [108, 31, 73]];

function svg(tag, attributes, parent) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const key in attributes) node.setAttribute(key, attributes[key]);
  if (parent) parent.appendChild(node);
  return node;
}

function label(parent, x, y, text, cls, anchor) {
  const node = svg("text", { x, y, class: cls || "", "text-anchor": anchor || "start" }, parent);
  node.textContent = text;
  return node;
}

function chart(id, height, draw) {
  const box = document.getElementById(id);
  let drawn = 0;
  const redraw = () => {
    const width = Math.floor(box.clientWidth);
    if (!width || width === drawn) return;
    drawn = width;
    const h = height(width);
    box.replaceChildren();
    draw(svg("svg", { width, height: h, viewBox: `0 0 ${width} ${h}` }, box), width, h);
  };
  redraw();
  new ResizeObserver(redraw).observe(box);
}

function legend(id, items) {
  const box = document.getElementById(id);
  for (const [kind, text] of items) {
    const span = document.createElement("span");
    span.appendChild(kind === "ramp" ? rampKey(text) : swatch(kind));
    span.append(kind === "ramp" ? `${text[0]} to ${text[1]} g/kWh` : text);
    box.appendChild(span);
  }
}

function swatch(kind) {
  const s = svg("svg", { width: 22, height: 12 });
  if (kind.endsWith("line")) svg("path", { d: "M1 6H21", class: kind }, s);
  else if (kind === "ring") svg("circle", { cx: 11, cy: 6, r: 5, class: kind }, s);
  else if (kind === "base-mark") svg("path", { d: "M11 0V12", class: kind }, s);
  else if (kind === "arc") svg("path", { d: "M1 10Q11 -4 21 10", class: kind, "stroke-width": 2, opacity: .6 }, s);
  else svg("rect", { x: 3, y: 1, width: 16, height: 10, rx: 2, class: kind }, s);
  return s;
}

function rampKey([low, high]) {
  const s = svg("svg", { width: 90, height: 12 });
  for (let i = 0; i < 30; i++) svg("rect", { x: 3 * i, y: 1, width: 3.3, height: 10, fill: ramp(i / 29) }, s);
  return s;
}

function ramp(share) {
  const x = Math.min(1, Math.max(0, share)) * (RAMP.length - 1), i = Math.min(RAMP.length - 2, Math.floor(x)), f = x - i;
  return `rgb(${RAMP[i].map((v, k) => Math.round(v + f * (RAMP[i + 1][k] - v))).join(",")})`;
}

function short(v, digits = 3) {
  if (v === null || v === undefined) return "n/a";
  if (v === 0) return "0";
  if (Math.abs(v) >= 10000) return Math.round(v).toLocaleString("en");
  return String(Number(v.toPrecision(digits)));
}

function niceTicks(max, count) {
  if (!(max > 0)) return [0, 1];
  const raw = max / count, power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].find(m => m * power >= raw) * power;
  const ticks = [];
  for (let i = 0; i === 0 || ticks[i - 1] < max; i++) ticks.push(Number((i * step).toPrecision(6)));
  return ticks;
}

function timeTicks(endH, width) {
  const step = [1, 2, 3, 6, 12, 24, 48, 96, 168, 336, 720, 1440].find(s => endH / s * 62 <= width) || 2880;
  const offset = (START_MS / 3.6e6) % 24, ticks = [];
  for (let h = Math.ceil(offset / step) * step - offset; h <= endH + 1e-9; h += step) {
    const date = new Date(START_MS + h * 3.6e6), midnight = date.getUTCHours() === 0;
    ticks.push([h, step >= 24 || midnight ? day(date) : `${String(date.getUTCHours()).padStart(2, "0")}:00`]);
  }
  return ticks;
}

function day(date) {
  return date.toLocaleDateString("en-GB", { timeZone: "UTC", day: "numeric", month: "short" });
}

function when(h) {
  return new Date(START_MS + h * 3.6e6).toLocaleString("en-GB", {
    timeZone: "UTC", weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit",
  }) + " UTC";
}

// A polyline through the bins of a series; holes where values are missing.
function linePath(edges, values, x, y) {
  let d = "", pen = false;
  values.forEach((v, i) => {
    if (v === null) { pen = false; return; }
    d += `${pen ? "L" : "M"}${x((edges[i] + edges[i + 1]) / 2).toFixed(1)} ${y(v).toFixed(1)}`;
    pen = true;
  });
  return d;
}

function areaPath(edges, values, x, y) {
  if (!values.length) return "";
  const line = linePath(edges, values.map(v => v ?? 0), x, y), n = values.length;
  return `${line}L${x((edges[n - 1] + edges[n]) / 2).toFixed(1)} ${y(0)}L${x((edges[0] + edges[1]) / 2).toFixed(1)} ${y(0)}Z`;
}

function tip(event, title, body) {
  const box = document.getElementById("tip"), bold = document.createElement("b");
  bold.textContent = title;
  box.replaceChildren(bold, `\n${body}`);
  box.style.visibility = "visible";
  const left = event.pageX + 16 + box.offsetWidth > scrollX + document.documentElement.clientWidth
    ? event.pageX - box.offsetWidth - 14 : event.pageX + 16;
  box.style.left = `${Math.max(scrollX + 4, left)}px`;
  box.style.top = `${event.pageY + 14}px`;
}

function hide() { document.getElementById("tip").style.visibility = "hidden"; }

// Follow the pointer over [x0, x1]: a vertical line and a tooltip for the bin under it.
function follow(root, x0, x1, y0, y1, edges, text) {
  const cross = svg("path", { class: "cross" }, root);
  const hit = svg("rect", { class: "hit", x: x0, y: y0, width: x1 - x0, height: y1 - y0 }, root);
  const end = edges[edges.length - 1];
  hit.addEventListener("pointermove", event => {
    const px = event.clientX - root.getBoundingClientRect().left;
    const h = (px - x0) / (x1 - x0) * end;
    let i = edges.findIndex(e => e > h) - 1;
    if (i < 0) i = h < edges[0] ? 0 : edges.length - 2;
    cross.setAttribute("d", `M${px} ${y0}V${y1}`);
    cross.style.visibility = "visible";
    const [title, body] = text(i, event.clientY - root.getBoundingClientRect().top);
    tip(event, title, body);
  });
  hit.addEventListener("pointerleave", () => { cross.style.visibility = "hidden"; hide(); });
}
