// Numbers as a coloured grid: a real table in the grid pattern, walked with the arrow keys. Blue is
// positive, orange negative, and the stronger the larger; the style mixes the colours, so that they
// follow the page into the dark.
import { h, walk } from "./shared.js";

// title   what the table is called           rows     the names of its rows
// groups  [[name, how many columns], …] above, or columns: a name for each column
// value   (r, c) -> a number, or null where nothing can be      peak   the number of full colour
// read    (r, c) is called when a cell is pointed at or walked to     newest   the row to mark
// lang    the languages of the names of rows and columns
// Returns the table, and `lay(width)`, which makes its cells as wide as there is room for.
export function tensorGrid({
  title,
  rows,
  groups,
  columns,
  value,
  written,
  peak,
  read,
  newest,
  lang = [null, null],
}) {
  const names = columns ?? groups.flatMap(([, n]) => Array.from({ length: n }));
  const first = new Set(); // the columns that begin a group, but for the very first
  groups?.reduce((at, [, n]) => {
    first.add(at);
    return at + n;
  }, 0);
  first.delete(0);
  const cells = rows.map((_, r) =>
    names.map((_, c) => {
      const v = value(r, c);
      const kind = [v === null && "qkv-masked", v < 0 && "qkv-minus", first.has(c) && "qkv-first"];
      return h(
        "td",
        {
          role: "gridcell",
          tabindex: -1,
          "data-r": r,
          "data-c": c,
          class: kind.filter(Boolean).join(" ") || null,
          style: v === null ? null : `--v: ${Math.min(1, Math.abs(v) / (peak || 1)).toFixed(3)}`,
        },
        v === null ? "–" : written(v),
      );
    }),
  );
  const heads = columns
    ? columns.map((name) =>
        h("th", { scope: "col", role: "columnheader", lang: lang[1] }, h("span", {}, name)),
      )
    : groups.map(([name, n]) =>
        h("th", { scope: "colgroup", role: "columnheader", colspan: n, class: "qkv-axis" }, name),
      );
  const sides = rows.map((name, r) =>
    h(
      "th",
      { scope: "row", role: "rowheader", lang: lang[0], class: r === newest ? "qkv-newest" : null },
      name,
    ),
  );
  const table = h(
    "table",
    {
      role: "grid",
      "aria-label": title,
      class: `qkv-heat qkv-tensor${columns ? " qkv-upright" : ""}`,
    },
    h("thead", {}, h("tr", { role: "row" }, h("td", { class: "qkv-corner" }), heads)),
    h(
      "tbody",
      {},
      rows.map((_, r) => h("tr", { role: "row" }, sides[r], cells[r])),
    ),
  );
  cells[0][0].tabIndex = 0;

  let here = null;
  const go = (cell) => {
    if (!cell || cell === here) return;
    const [r, c] = [Number(cell.dataset.r), Number(cell.dataset.c)];
    table
      .querySelectorAll(".qkv-line, .qkv-here")
      .forEach((node) => node.classList.remove("qkv-line", "qkv-here"));
    cells.flat().find((other) => other.tabIndex === 0).tabIndex = -1;
    cell.tabIndex = 0;
    here = cell;
    cell.classList.add("qkv-here");
    [sides[r], columns && heads[c]].forEach((node) => node?.classList.add("qkv-line"));
    read(r, c);
  };
  const pointed = (event) => go(event.target.closest?.("td[data-r]"));
  table.addEventListener("pointerover", pointed);
  table.addEventListener("pointerdown", pointed);
  table.addEventListener("focusin", pointed);
  table.addEventListener("keydown", (event) => {
    const cell = event.target.closest("td[data-r]");
    if (cell) walk(event, cells, Number(cell.dataset.r), Number(cell.dataset.c));
  });

  // As wide as there is room for, and never too narrow to point at.
  const lay = (width) => {
    const room = Math.floor((width - sides[0].offsetWidth - 10) / names.length);
    const [least, most] = columns ? [names.length > 16 ? 11 : 16, 27] : [5, 22];
    table.style.setProperty("--cell", `${Math.max(least, Math.min(most, room))}px`);
  };
  return { table, lay };
}
