// A codebook as a palette: choose a code, put it anywhere, and the decoder makes the picture anew.
import { placeOf } from "../../live/js/cell_grid.js";
import { button, choice, figure, h, uid } from "../../live/js/shared.js";
import { readTensors } from "../../live/js/tensors.js";
import { codeGrid } from "../sayer/code_grid.js";
import { decoder } from "../sayer/imaginer.js";

const ENOUGH = 0.02; // by so much a colour has to change to be seen

export default figure(({ model, el, say }) => {
  const [examples, tiles, shapes] = ["examples", "tiles", "shapes"].map((key) => model.get(key));
  const side = Math.sqrt(examples[0].length);
  const picture = decoder(readTensors(model.get("weights"), shapes), shapes, side);
  const past = []; // what can be taken back: [place, the code that stood there]
  let [codes, brush, chosen, pixels] = [model.get("codes").slice(), tiles[0], 0, null];

  const grid = codeGrid(side, "The picture; a click or the Enter key puts the chosen code there");
  const name = uid("palette");
  const choices = tiles.map((code, i) =>
    h(
      "label",
      { class: "qkv-tile", title: `code ${code}` },
      h("input", {
        type: "radio",
        name,
        value: code,
        checked: i === 0,
        "aria-label": `code ${code}`,
        onchange: () => {
          take(code);
          say(`Code ${code} is chosen.`);
        },
      }),
      swatch(code),
    ),
  );
  function take(code) {
    brush = code;
    choices.forEach((tile, i) => tile.classList.toggle("qkv-taken", tiles[i] === code));
  }
  // What a picture of one code alone looks like in its middle.
  function swatch(code) {
    const all = picture(Array(side * side).fill(code));
    const width = Math.sqrt(all.length / 3);
    const patch = width / side;
    const corner = Math.floor(side / 2) * patch;
    const canvas = h("canvas", { width: patch, height: patch, "aria-hidden": "true" });
    const image = new ImageData(patch, patch);
    for (let i = 0; i < patch * patch; i += 1) {
      const from = ((corner + Math.floor(i / patch)) * width + corner + (i % patch)) * 3;
      for (let k = 0; k < 3; k += 1) image.data[4 * i + k] = Math.round(255 * all[from + k]);
      image.data[4 * i + 3] = 255;
    }
    canvas.getContext("2d").putImageData(image, 0, 0);
    return canvas;
  }

  function show() {
    pixels = picture(codes);
    grid.draw(pixels);
    grid.cells.forEach((cell, at) => {
      cell.classList.toggle("qkv-here", at === chosen);
      cell.setAttribute("aria-label", `${placeOf(at, side)}: code ${codes[at]}`);
    });
    back.disabled = !past.length;
    model.set("codes", codes.slice());
    model.save_changes();
  }
  function put(at, code) {
    const before = pixels;
    codes[at] = code;
    show();
    const width = Math.sqrt(pixels.length / 3);
    const patch = width / side;
    const touched = new Set();
    for (let i = 0; i < pixels.length; i += 1) {
      if (Math.abs(pixels[i] - before[i]) < ENOUGH) continue;
      const [row, column] = [Math.floor(i / 3 / width), Math.floor(i / 3) % width];
      touched.add(Math.floor(row / patch) * side + Math.floor(column / patch));
    }
    touched.delete(at);
    const n = touched.size;
    return n ? `It also changes ${n} ${n === 1 ? "patch" : "patches"} beside it.` : "";
  }
  function choose(at) {
    grid.cells[chosen].tabIndex = -1;
    chosen = at;
    grid.cells[at].tabIndex = 0;
    show();
  }
  function paint(at) {
    choose(at);
    if (codes[at] === brush) {
      say(`Code ${brush} stands in ${placeOf(at, side)} already.`);
      return;
    }
    past.push([at, codes[at]]);
    say(`Code ${brush} in ${placeOf(at, side)}, in place of ${codes[at]}. ${put(at, brush)}`);
  }
  const back = button("Take back", () => {
    const [at, code] = past.pop();
    choose(at);
    put(at, code);
    say(`In ${placeOf(at, side)} stands code ${code} again.`);
    if (back.disabled) grid.cells[at].focus();
  });
  const menu = choice({
    label: "Picture",
    values: examples.map((_, i) => i + 1),
    index: 0,
    onchange: (number) => {
      codes = examples[number - 1].slice();
      past.length = 0;
      choose(0);
      say(`Picture ${number}: ${new Set(codes).size} different codes.`);
    },
  });
  const look = (event) => {
    const at = grid.under(event.target);
    if (at === null || at === chosen) return;
    choose(at);
    say(`Code ${codes[at]} in ${placeOf(at, side)}.`);
  };
  grid.table.addEventListener("focusin", look);
  grid.table.addEventListener("pointermove", look); // not pointerover: that also comes with scrolling
  grid.table.addEventListener("click", (event) => {
    const at = grid.under(event.target);
    if (at === null) return;
    grid.cells[at].focus();
    paint(at);
  });
  grid.table.addEventListener("keydown", (event) => {
    const at = grid.under(event.target);
    if (at === null || (event.key !== "Enter" && event.key !== " ")) return;
    event.preventDefault();
    paint(at);
  });

  el.append(
    h("div", { class: "qkv-controls qkv-first" }, menu.el),
    h(
      "div",
      { class: "qkv-saying" },
      grid.el,
      h(
        "fieldset",
        { class: "qkv-tiles" },
        h("legend", {}, `The ${tiles.length} codes that are used most`),
        choices,
      ),
    ),
    h("div", { class: "qkv-deeds" }, back),
  );
  take(brush);
  show();
  say(`A picture of ${new Set(codes).size} different codes. Choose a code, and put it anywhere.`);
});
