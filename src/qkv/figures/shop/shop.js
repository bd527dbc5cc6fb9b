// A shop: click on what stands on the shelves, see what is recommended next, and which clicks did it.
import { button, choice, figure, fixed, h } from "../../live/js/shared.js";
import { argmax, largest } from "../../live/js/tensors.js";
import { shopModel } from "./shop_model.js";

const N_SHOWN = 10;

export default figure(({ model, el, say }) => {
  const get = (key) => model.get(key);
  const keys = ["shapes", "weights", "n_heads", "most"];
  const machine = shopModel(Object.fromEntries(keys.map((key) => [key, get(key)])));
  const [products, shelfOf, examples, most] = ["products", "shelf_of", "examples", "most"].map(get);
  const clicks = () => get("clicks");
  const names = (ids) => ids.map((id) => products[id]).join(", ");
  let shelf = shelfOf[clicks()[0] ?? 0];
  let chosen = null; // the product whose reasons are shown
  let found = null;

  const onShelf = h("div", { class: "qkv-shelf", role: "group" });
  const rows = h("tbody", {});
  const offers = h("ol", { class: "qkv-offers", "aria-label": "Recommended next" });
  const reason = h("p", { class: "qkv-note" });

  function keep(next) {
    model.set("clicks", next.slice(-most));
    model.save_changes();
    found = machine.read(clicks());
    chosen = argmax(found.chances);
    draw();
    say(summary());
  }
  const click = (id) => keep([...clicks(), id]);

  function summary() {
    const share = fixed(found.chances[chosen ?? argmax(found.chances)]);
    const first = products[chosen ?? argmax(found.chances)];
    if (!clicks().length) return `Nothing is clicked yet. Most probable: ${first} (${share}).`;
    const head = `After ${names(clicks().slice(-3))}: ${first} (${share}).`;
    if (chosen === null) return head;
    const changes = machine.without(clicks(), chosen).map((p) => found.chances[chosen] - p);
    const best = argmax(changes);
    const looked = argmax(found.looks);
    return (
      `${head} Without ${products[clicks()[best]]} it would be ` +
      `${fixed(found.chances[chosen] - changes[best])}. The last layer looks most at ` +
      `${products[clicks()[looked]]} (${fixed(found.looks[looked])}).`
    );
  }

  function drawShelf() {
    onShelf.setAttribute("aria-label", `On the shelf: ${get("departments")[shelf]}`);
    const ids = products.map((_, id) => id).filter((id) => shelfOf[id] === shelf);
    onShelf.replaceChildren(...ids.map((id) => button(products[id], () => click(id))));
  }
  function drawClicks() {
    const without = chosen === null ? null : machine.without(clicks(), chosen);
    rows.replaceChildren(
      ...clicks().map((id, i) => {
        const remove = button(`Take back ${products[id]}`, () => takeBack(i), "×");
        const share = `--share: ${(100 * found.looks[i]).toFixed(1)}%`;
        return h(
          "tr",
          {},
          h("td", {}, remove),
          h("th", { scope: "row" }, products[id]),
          h("td", { class: "qkv-bar-cell" }, h("i", { style: share }), fixed(found.looks[i])),
          h("td", {}, without ? `${fixed(found.chances[chosen])} → ${fixed(without[i])}` : "–"),
        );
      }),
    );
    const asked = chosen === null ? "a product: press one" : products[chosen];
    reason.textContent = clicks().length ? `Why ${asked}?` : "No clicks yet.";
  }
  function takeBack(at) {
    keep(clicks().filter((_, i) => i !== at));
    (rows.querySelectorAll("button")[Math.min(at, clicks().length - 1)] ?? clear).focus();
  }
  function drawOffers() {
    const best = largest(found.chances, N_SHOWN);
    if (chosen !== null && !best.includes(chosen)) chosen = best[0];
    offers.replaceChildren(
      ...best.map((id) => {
        const one = button(products[id], () => choose(id));
        one.setAttribute("aria-pressed", String(id === chosen));
        one.dataset.id = id;
        one.append(h("span", {}, fixed(found.chances[id])));
        one.style.setProperty("--share", `${(100 * found.chances[id]).toFixed(1)}%`);
        return h("li", {}, one);
      }),
    );
    take.disabled = chosen === null;
  }
  function choose(id) {
    chosen = id === chosen ? null : id;
    drawOffers();
    drawClicks();
    offers.querySelector(`[data-id="${id}"]`).focus();
    say(summary());
  }
  function draw() {
    drawOffers();
    drawClicks();
    clear.disabled = !clicks().length;
  }

  const shelves = choice({
    label: "Shelf",
    values: get("departments"),
    index: shelf,
    onchange: (_, i) => {
      shelf = i;
      drawShelf();
    },
  });
  const start = choice({
    label: "Begin with",
    values: examples.map(([title]) => title),
    index: 0,
    most: 0,
    onchange: (_, i) => keep(examples[i][1]),
  });
  const take = button("Click the chosen one", () => click(chosen));
  const clear = button("Take all back", () => {
    keep([]);
    take.focus();
  });

  const head = ["", "your clicks", "looked at", "chance without it"];
  el.append(
    h("div", { class: "qkv-controls qkv-first" }, start.el, shelves.el),
    onShelf,
    h(
      "div",
      { class: "qkv-counter" },
      h(
        "div",
        {},
        reason,
        h(
          "div",
          { class: "qkv-scroll" },
          h(
            "table",
            { class: "qkv-clicks" },
            h(
              "thead",
              {},
              h(
                "tr",
                {},
                head.map((name) => h(name ? "th" : "td", name ? { scope: "col" } : {}, name)),
              ),
            ),
            rows,
          ),
        ),
      ),
      h("div", {}, h("p", { class: "qkv-note" }, "Recommended next"), offers),
    ),
    h("div", { class: "qkv-till" }, take, clear),
  );
  found = machine.read(clicks());
  chosen = argmax(found.chances);
  drawShelf();
  draw();
  say(`${summary()} Click on a shelf, or press a recommended product to ask why.`);
});
