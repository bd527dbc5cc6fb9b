// The lines of the transformer's diagram: along each row, down the stream on the right, and from the
// encoder's memory to each cross-attention.
import { svg } from "./shared.js";

const KINDS = ["stream", "branch", "memory"];
const tip = (kind) =>
  svg(
    "marker",
    {
      id: `qkv-tip-${kind}`,
      class: `qkv-tip-${kind}`,
      viewBox: "0 0 6 6",
      refX: 5,
      refY: 3,
      markerWidth: 6,
      markerHeight: 6,
      markerUnits: "userSpaceOnUse",
      orient: "auto",
    },
    svg("path", { d: "M0 0L6 3L0 6Z" }),
  );

// Draw into `lines`, which lies over `diagram`; `buttons` holds the button of each block by name.
export function wire(lines, diagram, sides, buttons, narrow) {
  const box = diagram.getBoundingClientRect();
  const at = (id) => {
    const { left, right, top, bottom } = buttons.get(id).getBoundingClientRect();
    return {
      left: left - box.left,
      right: right - box.left,
      top: top - box.top,
      bottom: bottom - box.top,
      x: (left + right) / 2 - box.left,
      y: (top + bottom) / 2 - box.top,
    };
  };
  const paths = { stream: [], branch: [], memory: [] };
  for (const { rows } of sides) {
    const places = rows.map(({ nodes }) => nodes.map(({ id }) => at(id)));
    const last = places.at(-1);
    const { x } = places[0].at(-1); // of the stream
    places.forEach((line, i) => {
      line
        .slice(1)
        .forEach((to, k) => paths.branch.push(`M${line[k].right} ${to.y}H${to.left - 1}`));
      if (!i) return;
      const { bottom } = places[i - 1].at(-1);
      const turn = line[0].top - 9;
      if (line.length > 1) paths.branch.push(`M${x} ${turn}H${line[0].x}V${line[0].top - 1}`);
      const end = line === last && line.length > 1 ? turn : line.at(-1).top - 1;
      paths.stream.push(`M${x} ${bottom}V${end}`);
    });
  }
  if (!narrow) {
    const memory = at("encoder.norm");
    const gutter = (memory.right + at("decoder.words").left) / 2;
    for (const id of buttons.keys()) {
      if (!id.endsWith("cross_attention")) continue;
      const { x, bottom } = at(id);
      paths.memory.push(`M${memory.right} ${memory.y}H${gutter}V${bottom + 7}H${x}V${bottom + 1}`);
    }
  }
  lines.setAttribute("viewBox", `0 0 ${box.width} ${box.height}`);
  lines.replaceChildren(
    svg("defs", {}, KINDS.map(tip)),
    ...KINDS.flatMap((kind) =>
      paths[kind].map((d) =>
        svg("path", { d, class: `qkv-${kind}`, "marker-end": `url(#qkv-tip-${kind})` }),
      ),
    ),
  );
}
