// A square grid of cells in the grid pattern: one of them is in the tab order, the arrow keys walk.
import { h, walk } from "./shared.js";

// `cells` are those of `table` in reading order; `under(node)` is the number of the cell that a node
// lies in, or null.
export function cellGrid(side, { label, style }) {
  const rows = Array.from({ length: side }, (_, r) =>
    Array.from({ length: side }, (__, c) =>
      h("td", { role: "gridcell", tabindex: r + c ? -1 : 0, "data-at": r * side + c }),
    ),
  );
  const table = h(
    "table",
    { class: style, role: "grid", "aria-label": label },
    h(
      "tbody",
      {},
      rows.map((row) => h("tr", { role: "row" }, row)),
    ),
  );
  const under = (node) => {
    const cell = node?.closest?.("td[data-at]");
    return cell && table.contains(cell) ? Number(cell.dataset.at) : null;
  };
  table.addEventListener("keydown", (event) => {
    const at = under(event.target);
    if (at !== null) walk(event, rows, Math.floor(at / side), at % side);
  });
  return { table, cells: rows.flat(), under };
}

export const placeOf = (at, side) => `row ${Math.floor(at / side) + 1}, column ${(at % side) + 1}`;
