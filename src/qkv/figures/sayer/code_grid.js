// A picture made of codes: a canvas, and over it a grid whose cells can be reached one by one.
import { h, walk } from "../../live/js/shared.js";

// `el` holds both; `cells` are the grid's in reading order; `draw(pixels, upTo)` shows pixels (width, width,
// 3) of the first `upTo` cells; `under(event)` is the number of the cell that an event met, or null.
export function codeGrid(side, label) {
  const canvas = h("canvas", { width: 24, height: 24, "aria-hidden": "true" });
  const rows = Array.from({ length: side }, (_, r) =>
    Array.from({ length: side }, (__, c) =>
      h("td", { role: "gridcell", tabindex: r + c ? -1 : 0, "data-at": r * side + c }),
    ),
  );
  const cells = rows.flat();
  const table = h(
    "table",
    { class: "qkv-codes", role: "grid", "aria-label": label },
    h(
      "tbody",
      {},
      rows.map((row) => h("tr", { role: "row" }, row)),
    ),
  );
  const under = ({ target }) => {
    const cell = target.closest?.("td[data-at]");
    return cell ? Number(cell.dataset.at) : null;
  };
  table.addEventListener("keydown", (event) => {
    const at = under(event);
    if (at !== null) walk(event, rows, Math.floor(at / side), at % side);
  });
  const draw = (pixels, upTo = cells.length) => {
    const width = Math.sqrt(pixels.length / 3);
    const patch = width / side;
    canvas.width = canvas.height = width;
    const image = new ImageData(width, width);
    for (let i = 0; i < width * width; i += 1) {
      const at = Math.floor(Math.floor(i / width) / patch) * side + Math.floor((i % width) / patch);
      for (let k = 0; k < 3; k += 1) image.data[4 * i + k] = Math.round(255 * pixels[3 * i + k]);
      image.data[4 * i + 3] = at < upTo ? 255 : 0;
    }
    canvas.getContext("2d").putImageData(image, 0, 0);
  };
  return { el: h("div", { class: "qkv-canvas" }, canvas, table), table, cells, under, draw };
}

export const placeOf = (at, side) => `row ${Math.floor(at / side) + 1}, column ${(at % side) + 1}`;
