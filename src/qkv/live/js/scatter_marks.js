// What is painted on a map of points: the marks of the groups, the grid, the names.
import { number, svg } from "./shared.js";

export const LIGHT = ["#0072b2", "#c75000", "#00815f", "#b0548a", "#a87400", "#2f7fb5"];
export const DARK = ["#56b4e9", "#f0a06a", "#3cc79a", "#e3a5cb", "#e6c04d", "#a9c7ff"];
export const NO_GROUP = 255;
// Each shape as a closed path of radius about 1: circle, square, triangles, diamond, plus.
const SHAPES = [
  null,
  [
    [-0.85, -0.85],
    [0.85, -0.85],
    [0.85, 0.85],
    [-0.85, 0.85],
  ],
  [
    [0, -1.15],
    [1.05, 0.75],
    [-1.05, 0.75],
  ],
  [
    [0, -1.25],
    [1.05, 0],
    [0, 1.25],
    [-1.05, 0],
  ],
  [
    [0, 1.15],
    [1.05, -0.75],
    [-1.05, -0.75],
  ],
  [
    [-0.4, -1.1],
    [0.4, -1.1],
    [0.4, -0.4],
    [1.1, -0.4],
    [1.1, 0.4],
    [0.4, 0.4],
    [0.4, 1.1],
    [-0.4, 1.1],
    [-0.4, 0.4],
    [-1.1, 0.4],
    [-1.1, -0.4],
    [-0.4, -0.4],
  ],
];

export function trace(context, shape, x, y, r) {
  context.beginPath();
  if (!SHAPES[shape]) context.arc(x, y, r, 0, 7);
  else
    SHAPES[shape].forEach(([dx, dy], i) =>
      context[i ? "lineTo" : "moveTo"](x + r * dx, y + r * dy),
    );
  context.closePath();
}

export function mark(shape, colour) {
  const path = SHAPES[shape]
    ? svg("polygon", { points: SHAPES[shape].join(" "), fill: colour })
    : svg("circle", { r: 1, fill: colour });
  return svg("svg", { viewBox: "-1.3 -1.3 2.6 2.6", "aria-hidden": "true" }, path);
}

// Steps of 1, 2 or 5 that leave about 90 pixels between lines.
function gridStep(pixelsPerUnit) {
  const rough = 90 / pixelsPerUnit;
  const power = 10 ** Math.floor(Math.log10(rough));
  return power * [1, 2, 5, 10].find((m) => m * power >= rough);
}

// Lines at round numbers, and the names of both axes; returns the boxes that the names take.
export function drawGrid(context, { view, scale, width, height, titles, theme, font }) {
  const [xTitle, yTitle] = titles;
  const step = gridStep(scale);
  context.lineWidth = 1;
  context.strokeStyle = theme.line;
  context.fillStyle = theme.muted;
  context.font = `11px ${font}`;
  context.globalAlpha = 0.6;
  const lines = [];
  for (let x = Math.ceil((view.x - width / 2 / scale) / step) * step; ; x += step) {
    const at = width / 2 + (x - view.x) * scale;
    if (at > width) break;
    lines.push([at, 0, at, height, x]);
  }
  for (let y = Math.ceil((view.y - height / 2 / scale) / step) * step; ; y += step) {
    const at = height / 2 - (y - view.y) * scale;
    if (at < 0) break;
    lines.push([0, at, width, at, y]);
  }
  context.beginPath();
  for (const [a, b, c, d] of lines) {
    context.moveTo(a, b);
    context.lineTo(c, d);
  }
  context.stroke();
  context.globalAlpha = 1;
  for (const [a, b, c, d, value] of lines) {
    const text = number(Math.abs(value) < step / 1e6 ? 0 : value);
    if (a === c && a > 30 && a < width - 30) {
      context.textAlign = "center";
      context.fillText(text, a, height - 22);
    } else if (b === d && b > 28 && b < height - 40) {
      context.textAlign = "left";
      context.fillText(text, 6, b - 4);
    }
  }
  context.font = `600 12px ${font}`;
  return [
    [`↑ ${yTitle}`, 8, 17],
    [`${xTitle} →`, width - 8, height - 7],
  ].map(([text, x, y], i) => {
    const w = context.measureText(text).width;
    const left = i ? x - w : x;
    context.textAlign = "left";
    context.fillText(text, left, y);
    return [left - 4, y - 13, left + w + 4, y + 5];
  });
}

// Names go to the points that matter most, as long as they do not cover one another.
// `first` stand before the `others`; `strong` are set off; `placeOf(i)` is where point i lies, `r` its radius.
export function drawLabels(context, given) {
  const { labels, first, others, strong, taken: before, placeOf, r } = given;
  const { width, height, theme, font } = given;
  const order = [...new Set([...first, ...others])];
  const taken = [...before];
  const room = 14 + (width * height) / 9000;
  let count = 0;
  context.textAlign = "left";
  for (const [rank, i] of order.entries()) {
    if (count > room) break;
    const bold = strong.includes(i);
    context.font = `${bold ? 700 : rank < first.length ? 600 : 400} ${bold ? 14 : 12.5}px ${font}`;
    const w = context.measureText(labels[i]).width;
    const [x, y] = placeOf(i);
    const left = x + r + 3 + w > width ? x - r - 3 - w : x + r + 3;
    const box = [left - 2, y - 8, left + w + 2, y + 8];
    const clash = taken.some(
      (t) => box[0] < t[2] && box[2] > t[0] && box[1] < t[3] && box[3] > t[1],
    );
    if (clash && !bold) continue;
    taken.push(box);
    count += 1;
    context.lineWidth = 3.5;
    context.lineJoin = "round";
    context.strokeStyle = theme.paper;
    context.strokeText(labels[i], left, y + 4);
    context.fillStyle = bold ? theme.accent2 : theme.ink;
    context.fillText(labels[i], left, y + 4);
  }
}
