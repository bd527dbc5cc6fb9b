// Which model for which job: three questions, and the models that are left.
import { choice, figure, h, svg, tick } from "../../live/js/shared.js";

const HOW = {
  before: "each sees what is before it",
  all: "all see all",
  both: "encoder: all; decoder: before it, and the encoder",
};

// Can this model do it? -> { fits: "yes" | "less" | "no", why }. A model is [name, goes in, what can
// come out, who sees whom, given out], a need { goesIn, comesOut, whole, own }.
export function judge([, goesIn, outs, sees, open], need) {
  const hard = [];
  const soft = [];
  if (goesIn !== need.goesIn) hard.push(`reads ${goesIn}, not ${need.goesIn}`);
  if (!outs.includes(need.comesOut)) hard.push(`makes ${outs.join(" or ")}, not ${need.comesOut}`);
  if (need.own && !open) hard.push("its weights are not given out");
  if (need.whole && sees === "before") soft.push("each token knows only those before it");
  if (!need.whole && sees === "both") soft.push("made for a text that is given as a whole");
  const why = [...hard, ...soft].join("; ") || HOW[sees];
  return { fits: hard.length ? "no" : soft.length ? "less" : "yes", why };
}

export default figure(({ model, el, say }) => {
  const [models, jobs, ins, outs, masks] = ["models", "jobs", "ins", "outs", "masks"].map((key) =>
    model.get(key),
  );
  const needOf = ([, goesIn, comesOut, whole, own]) => ({ goesIn, comesOut, whole, own });
  let need = needOf(jobs[model.get("job")]);

  const list = h("ul", { class: "qkv-candidates", "aria-label": "Models" });
  const drawing = (sees) => {
    const cells = masks[sees].flatMap((row, r) =>
      row.map((seen, c) =>
        svg("rect", { x: 7 * c, y: 7 * r, width: 6, height: 6, class: seen ? "qkv-seen" : "" }),
      ),
    );
    return svg("svg", { viewBox: "0 0 41 41", "aria-hidden": "true" }, cells);
  };
  function draw() {
    const words = { yes: "fits", less: "could do it", no: "cannot" };
    list.replaceChildren(
      ...models.map((one) => {
        const { fits, why } = judge(one, need);
        return h(
          "li",
          { class: `qkv-fits-${fits}` },
          drawing(one[3]),
          h("div", {}, h("b", {}, one[0]), ` ${words[fits]}`, h("span", {}, why)),
        );
      }),
    );
  }
  function sentence() {
    const named = (fits) =>
      models.filter((one) => judge(one, need).fits === fits).map(([name]) => name);
    const [yes, less] = [named("yes"), named("less")];
    const head = yes.length ? `Fits: ${yes.join(", ")}.` : "None of these models fits.";
    return less.length ? `${head} Could do it: ${less.join(", ")}.` : head;
  }
  function changed() {
    draw();
    say(sentence());
  }

  const own = (part) => {
    need = { ...need, ...part };
    menu.set(jobs.length);
    changed();
  };
  const menu = choice({
    label: "Job",
    values: [...jobs.map(([words]) => words), "a job of my own"],
    index: model.get("job"),
    onchange: (_, i) => {
      if (i === jobs.length) return;
      model.set("job", i);
      model.save_changes();
      need = needOf(jobs[i]);
      goesIn.set(ins.indexOf(need.goesIn));
      comesOut.set(outs.indexOf(need.comesOut));
      whole.set(need.whole);
      mine.set(need.own);
      changed();
    },
  });
  const goesIn = choice({
    label: "Goes in",
    values: ins,
    index: ins.indexOf(need.goesIn),
    onchange: (value) => own({ goesIn: value }),
  });
  const comesOut = choice({
    label: "Comes out",
    values: outs,
    index: outs.indexOf(need.comesOut),
    most: 3,
    onchange: (value) => own({ comesOut: value }),
  });
  const whole = tick({
    label: "The input is there as a whole",
    checked: need.whole,
    onchange: (on) => own({ whole: on }),
  });
  const mine = tick({
    label: "On machines of one's own",
    checked: need.own,
    onchange: (on) => own({ own: on }),
  });
  el.append(
    h(
      "div",
      { class: "qkv-controls qkv-first" },
      menu.el,
      goesIn.el,
      comesOut.el,
      whole.el,
      mine.el,
    ),
    list,
  );
  draw();
  say(sentence());
});
