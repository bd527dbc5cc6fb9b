// Labelled points on a canvas: search, zoom, pan, walk from point to point with the arrow keys.

import { DARK, drawGrid, drawLabels, LIGHT, mark, NO_GROUP, trace } from "./scatter_marks.js";
import {
  button,
  canvas2d,
  colours,
  figure,
  h,
  number,
  onResize,
  onTheme,
  reducedMotion,
  rgb,
  uid,
} from "./shared.js";

const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
const words16 = (text) => new Uint16Array(bytes(text).buffer);

export default figure(({ model, el, say, cleanup }) => {
  const labels = model.get("labels");
  const [xTitle, yTitle] = model.get("titles");
  const [x0, y0, x1, y1] = model.get("extent");
  const codes = words16(model.get("places"));
  const n = labels.length;
  const X = Float64Array.from({ length: n }, (_, i) => x0 + (codes[2 * i] / 65535) * (x1 - x0));
  const Y = Float64Array.from({ length: n }, (_, i) => y0 + (codes[2 * i + 1] / 65535) * (y1 - y0));
  const names = model.get("group_names");
  const group = model.get("groups") ? bytes(model.get("groups")) : new Uint8Array(n);
  // Painted last, so on top: those in a group, the most important last.
  const painted = Array.from({ length: n }, (_, i) => n - 1 - i).sort(
    (a, b) => (group[b] === NO_GROUP) - (group[a] === NO_GROUP) || b - a,
  );
  const near = model.get("neighbours") ? words16(model.get("neighbours")) : null;
  const nearOf = (i) =>
    near ? [...near.slice((i * near.length) / n, ((i + 1) * near.length) / n)] : [];

  const view = { x: (x0 + x1) / 2, y: (y0 + y1) / 2, zoom: 1 };
  let [width, height, only, hovered] = [0, 0, -1, -1];

  // Elements
  const find = uid("find");
  const list = uid("names");
  const field = h("input", {
    id: find,
    class: "qkv-field",
    type: "text",
    list,
    autocomplete: "off",
    spellcheck: "false",
    placeholder: labels[0],
  });
  const options = h("datalist", { id: list });
  const help = h(
    "p",
    { id: uid("help"), class: "qkv-hidden" },
    "Arrow keys go to the next point in that direction, with Shift they move the picture; " +
      "plus and minus zoom, 0 shows everything.",
  );
  const map = h("canvas", {
    class: "qkv-map",
    tabindex: 0,
    role: "application",
    "aria-roledescription": "map of points",
    "aria-label": `${n} points: ${xTitle} across, ${yTitle} up`,
    "aria-describedby": help.id,
  });
  const zoomBar = h(
    "div",
    { class: "qkv-zoom", role: "group", "aria-label": "Zoom" },
    button("Zoom out", () => zoomBy(1 / 1.6), "−"),
    button("Zoom in", () => zoomBy(1.6), "+"),
    button(
      "Show everything",
      () => moveTo({ x: (x0 + x1) / 2, y: (y0 + y1) / 2, zoom: 1 }, sayView),
      "⤢",
    ),
  );
  const legend = h("div", { class: "qkv-chips", role: "group", "aria-label": "Highlight a group" });
  const friends = h("div", { class: "qkv-chips" });
  el.append(
    h("div", { class: "qkv-tools" }, h("label", { for: find }, "Find"), field, options, zoomBar),
    map,
    help,
    legend,
    friends,
  );

  // From data to pixels and back: equal steps look equal both ways.
  const scale = () => view.zoom * 0.92 * Math.min(width / (x1 - x0), height / (y1 - y0));
  const px = (i) => width / 2 + (X[i] - view.x) * scale();
  const py = (i) => height / 2 - (Y[i] - view.y) * scale();

  function draw() {
    if (!width) return;
    const context = canvas2d(map, width, height);
    const theme = colours(el);
    const dark = rgb(theme.paper)[0] < 128;
    const palette = dark ? DARK : LIGHT;
    const font = getComputedStyle(el).fontFamily;
    const selected = model.get("selected");
    const friendsNow = selected >= 0 ? nearOf(selected) : [];
    context.fillStyle = theme.paper;
    context.fillRect(0, 0, width, height);
    const ground = { width, height, theme, font };
    const titles = [xTitle, yTitle];
    const taken = drawGrid(context, { view, scale: scale(), titles, ...ground });

    const r = Math.min(7, 3.2 + Math.log2(view.zoom));
    const shown = [];
    for (const i of painted) {
      const [x, y] = [px(i), py(i)];
      if (x < -9 || y < -9 || x > width + 9 || y > height + 9) continue;
      shown.push(i);
      const grey = group[i] === NO_GROUP;
      context.globalAlpha = only >= 0 && group[i] !== only ? 0.14 : grey ? 0.45 : 0.8;
      context.fillStyle = grey ? theme.muted : palette[group[i]];
      trace(context, group[i], x, y, grey ? r * 0.6 : r);
      context.fill();
    }
    context.globalAlpha = 1;
    if (selected >= 0) {
      context.strokeStyle = theme.accent2;
      context.lineWidth = 1.25;
      for (const j of friendsNow) {
        context.beginPath();
        context.moveTo(px(selected), py(selected));
        context.lineTo(px(j), py(j));
        context.stroke();
      }
      context.lineWidth = 3;
      context.beginPath();
      context.arc(px(selected), py(selected), r + 4, 0, 7);
      context.stroke();
    }
    const inGroup = (i) => only < 0 || group[i] === only;
    drawLabels(context, {
      labels,
      first: [selected, hovered, ...friendsNow].filter((i) => i >= 0),
      others: shown.sort((a, b) => a - b).filter(inGroup),
      strong: [selected, hovered],
      taken,
      placeOf: (i) => [px(i), py(i)],
      r,
      ...ground,
    });
    map.classList.toggle("qkv-near", view.zoom > 1.01);
  }

  // Moving
  let frame;
  function moveTo(target, then) {
    cancelAnimationFrame(frame);
    const [from, start] = [{ ...view }, performance.now()];
    const time = reducedMotion() ? 0 : 320;
    const step = (now) => {
      const t = time ? Math.min(1, (now - start) / time) : 1;
      const eased = 1 - (1 - t) ** 3;
      view.x = from.x + (target.x - from.x) * eased;
      view.y = from.y + (target.y - from.y) * eased;
      view.zoom = from.zoom * (target.zoom / from.zoom) ** eased;
      draw();
      if (t < 1) frame = requestAnimationFrame(step);
      else then?.();
    };
    step(start);
  }
  cleanup(() => cancelAnimationFrame(frame));
  const limit = (zoom) => Math.min(80, Math.max(1, zoom));
  const sayView = () =>
    say(view.zoom < 1.05 ? "All points are in view." : `Zoomed in ${number(view.zoom, 2)} times.`);
  function zoomBy(factor, x = width / 2, y = height / 2, smooth = true) {
    const zoom = limit(view.zoom * factor);
    const change = (1 - view.zoom / zoom) / scale();
    const target = {
      zoom,
      x: view.x + (x - width / 2) * change,
      y: view.y - (y - height / 2) * change,
    };
    if (smooth) moveTo(target, sayView);
    else {
      Object.assign(view, target);
      draw();
    }
  }

  // Choosing a point
  const select = (i) => {
    model.set("selected", i);
    model.save_changes();
  };
  const inView = (i) => px(i) > 20 && px(i) < width - 20 && py(i) > 20 && py(i) < height - 20;
  const follow = () => {
    const i = model.get("selected");
    friends.replaceChildren();
    if (i < 0) {
      draw();
      return;
    }
    const close = nearOf(i);
    const kind = names[group[i]] ? ` (${names[group[i]]})` : "";
    const nearest = close.length ? ` Nearest: ${close.map((j) => labels[j]).join(", ")}.` : "";
    say(`“${labels[i]}”${kind} at ${number(X[i])}, ${number(Y[i])}.${nearest}`);
    if (close.length)
      friends.append("Nearest: ", ...close.map((j) => button(labels[j], () => select(j))));
    if (inView(i)) draw();
    else moveTo({ x: X[i], y: Y[i], zoom: view.zoom });
  };
  model.on("change:selected", follow);
  cleanup(() => model.off("change:selected", follow));

  const lower = labels.map((label) => label.toLowerCase());
  const matches = (text) => {
    const start = lower.flatMap((label, i) => (label.startsWith(text) ? [i] : []));
    return start.length ? start : lower.flatMap((label, i) => (label.includes(text) ? [i] : []));
  };
  const search = (wanted) => {
    const text = field.value.trim().toLowerCase();
    const found = text ? matches(text) : [];
    const exact = found.findIndex((i) => lower[i] === text);
    options.replaceChildren(...found.slice(0, 12).map((i) => h("option", { value: labels[i] })));
    if (exact >= 0 || (wanted && found.length)) {
      const i = found[Math.max(0, exact)];
      moveTo({ x: X[i], y: Y[i], zoom: limit(Math.max(view.zoom, 3)) });
      select(i);
      return;
    }
    if (text && !found.length) say(`No point is named “${field.value.trim()}”.`);
    else if (text)
      say(
        `${found.length} ${found.length === 1 ? "name fits" : "names fit"}; Enter goes to “${labels[found[0]]}”.`,
      );
  };
  field.addEventListener("input", () => search(false));
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter") search(true);
  });

  const nearestAt = (x, y, reach) => {
    let [best, distance] = [-1, reach * reach];
    for (let i = 0; i < n; i += 1) {
      const d = (px(i) - x) ** 2 + (py(i) - y) ** 2;
      if (d < distance) [best, distance] = [i, d];
    }
    return best;
  };
  // The nearest point in a direction: ahead, and not too far to the side.
  const neighbourTo = (dx, dy) => {
    const from = model.get("selected");
    if (from < 0) return nearestAt(width / 2, height / 2, 1e9);
    let [best, cost] = [from, Infinity];
    for (let i = 0; i < n; i += 1) {
      const [ax, ay] = [px(i) - px(from), py(i) - py(from)];
      const ahead = ax * dx + ay * dy;
      const aside = Math.abs(ax * dy - ay * dx);
      if (ahead > 0.5 && aside <= ahead && ahead + 2 * aside < cost)
        [best, cost] = [i, ahead + 2 * aside];
    }
    return best;
  };
  const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  map.addEventListener("keydown", (event) => {
    const way = ways[event.key];
    if (way && event.shiftKey) {
      const step = 60 / scale();
      moveTo({ x: view.x + way[0] * step, y: view.y - way[1] * step, zoom: view.zoom });
    } else if (way) select(neighbourTo(...way));
    else if (event.key === "+" || event.key === "=") zoomBy(1.6);
    else if (event.key === "-") zoomBy(1 / 1.6);
    else if (event.key === "0") moveTo({ x: (x0 + x1) / 2, y: (y0 + y1) / 2, zoom: 1 }, sayView);
    else return;
    event.preventDefault();
  });

  // Mouse and touch: one pointer moves, two zoom, a tap chooses.
  const held = new Map();
  let travelled = 0;
  const at = (event) => {
    const box = map.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  const middle = () => {
    const [[ax, ay], [bx, by]] = held.values();
    return { x: (ax + bx) / 2, y: (ay + by) / 2, gap: Math.hypot(ax - bx, ay - by) };
  };
  map.addEventListener("pointerdown", (event) => {
    map.setPointerCapture(event.pointerId);
    held.set(event.pointerId, at(event));
    if (held.size === 1) travelled = 0;
  });
  map.addEventListener("pointermove", (event) => {
    const [x, y] = at(event);
    if (!held.has(event.pointerId)) {
      const over = nearestAt(x, y, 14);
      map.classList.toggle("qkv-over", over >= 0);
      if (over !== hovered) {
        hovered = over;
        draw();
      }
      return;
    }
    const [wasX, wasY] = held.get(event.pointerId);
    const before = held.size === 2 ? middle() : null;
    held.set(event.pointerId, [x, y]);
    travelled += Math.hypot(x - wasX, y - wasY);
    if (before) {
      const after = middle();
      zoomBy(after.gap / Math.max(1, before.gap), after.x, after.y, false);
    } else if (travelled > 4) {
      cancelAnimationFrame(frame);
      map.classList.add("qkv-held");
      view.x -= (x - wasX) / scale();
      view.y += (y - wasY) / scale();
      draw();
    }
  });
  const release = (event) => {
    map.classList.remove("qkv-held");
    if (!held.delete(event.pointerId) || event.type !== "pointerup" || travelled > 4) return;
    const i = nearestAt(...at(event), 24);
    if (i >= 0) select(i);
  };
  map.addEventListener("pointerup", release);
  map.addEventListener("pointercancel", release);
  map.addEventListener("pointerleave", () => {
    if (hovered >= 0) {
      hovered = -1;
      draw();
    }
  });
  // The wheel scrolls the page until the picture is chosen by a click or by the keyboard.
  map.addEventListener(
    "wheel",
    (event) => {
      if (document.activeElement !== map && !event.ctrlKey) return;
      event.preventDefault();
      zoomBy(Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0022)), ...at(event), false);
    },
    { passive: false },
  );

  const drawLegend = () => {
    const palette = rgb(colours(el).paper)[0] < 128 ? DARK : LIGHT;
    legend.replaceChildren(
      ...names.map((name, g) => {
        const chip = button(name, () => {
          only = only === g ? -1 : g;
          [...legend.children].forEach((other, k) =>
            other.setAttribute("aria-pressed", String(k === only)),
          );
          const total = group.filter((member) => member === g).length;
          say(
            only === g ? `${total} points of “${name}” stand out.` : "All groups are shown alike.",
          );
          draw();
        });
        chip.setAttribute("aria-pressed", String(g === only));
        chip.prepend(mark(g, palette[g]));
        return chip;
      }),
    );
  };
  cleanup(
    onTheme(() => {
      drawLegend();
      draw();
    }),
  );
  drawLegend();
  cleanup(
    onResize(el, (w) => {
      width = w;
      height = Math.round(Math.min(520, Math.max(320, 0.66 * w)));
      draw();
    }),
  );
  say(
    matchMedia("(pointer: coarse)").matches
      ? "Find a name, or tap a point; pinch to zoom."
      : "Find a name, or click a point; once clicked, the picture zooms with the wheel.",
  );
  if (model.get("selected") >= 0) follow();
});
