// A picture made of codes: a canvas, and over it a grid whose cells can be reached one by one.
import { cellGrid } from "../../live/js/cell_grid.js";
import { h } from "../../live/js/shared.js";

// `el` holds both; `cells` are the grid's in reading order; `draw(pixels, upTo)` shows pixels (width, width,
// 3) of the first `upTo` cells; `under(node)` is the number of the cell that a node lies in, or null.
export function codeGrid(side, label) {
  const canvas = h("canvas", { width: 24, height: 24, "aria-hidden": "true" });
  const { table, cells, under } = cellGrid(side, { label, style: "qkv-codes" });
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
