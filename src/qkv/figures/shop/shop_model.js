// Chapter 12's recommender: chapter 9's GPT over products, and what each click did.
import { meanOfHeads } from "../../live/js/causal.js";
import { softmax } from "../../live/js/tensors.js";
import { gpt } from "../gpt/gpt_model.js";

// The model of a figure's state. `read(clicks)` says how probable each product is next and how much
// the last layer looks at each click; `without(clicks, asked)` how probable the product `asked` is
// when each of the clicks in turn is left out.
export function shopModel({ shapes, weights, n_heads: nHeads, most }) {
  const machine = gpt({ shapes, weights, n_heads: nHeads, context: most + 1 });
  const [, [size]] = shapes.find(([name]) => name === "embed.tokens.weight");
  const start = size - 1; // the token before the first click

  const read = (clicks) => {
    const cache = machine.empty();
    const steps = [start, ...clicks].map((id) => machine.read(id, cache));
    const last = steps.at(-1);
    return {
      chances: softmax(last.scores.slice(0, start)),
      looks: meanOfHeads(last.blocks.at(-1).weights, nHeads).slice(1),
    };
  };
  const without = (clicks, asked) =>
    clicks.map((_, left) => read(clicks.filter((__, i) => i !== left)).chances[asked]);
  return { read, without, start };
}
