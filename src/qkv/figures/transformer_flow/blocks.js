// The transformer's blocks in the order in which numbers flow through them: what each is called,
// what it does in a sentence, its formula (_letters_ in italics) and the tensors one can see in it.

const OUTPUT = [["output", "output"]];
const SUM = [
  ["input", "what came in"],
  ["added", "what is added"],
  ["output", "sum"],
];
const NORM = [
  ["input", "before"],
  ["output", "after"],
];

// sizes of the model -> [{ side, title, does, rows }], a row { block, nodes, last } holding one node
// or three.
export function architecture({ d, nHeads, nLayers, dFeed, nSource, nTarget, rotary }) {
  const softmax = `softmax(_q_ _k_ᵀ / √${d / nHeads}) _v_ in each head, then all heads together × _W_ + _b_`;
  const turned = rotary ? ", turned" : "";
  const heads = [
    ["weights", "weights"],
    ["query", `queries${turned}`],
    ["key", `keys${turned}`],
    ["value", "values"],
    ["found", "mixed values"],
    ["output", "output"],
  ];

  const start = (side, language, size, about) => [
    {
      id: `${side}.words`,
      label: "Words",
      title: "Words and their ids",
      parts: OUTPUT,
      about,
      formula: "id = place in the vocabulary",
    },
    {
      id: `${side}.embed.tokens`,
      label: "Embedding",
      title: "Embedding",
      parts: [
        ["output", "rows of the table"],
        ["scaled", `× √${d}`],
      ],
      formula: `_E_[id] × √${d}`,
      about:
        `Each id picks its row from a learned table: ${size} ${language} tokens, ${d} numbers ` +
        `each. The rows are multiplied by √${d}, so that the positions that come next do not drown them.`,
    },
    {
      id: `${side}.embed`,
      label: "+ Place",
      title: "Positions added",
      parts: [
        ["added", "positions"],
        ["output", "sum"],
      ],
      first: "output",
      formula: `_E_[id] × √${d} + position`,
      about:
        "Attention does not know which word comes first. So a pattern that stands for the place " +
        "alone is added: word and place now share the same numbers.",
    },
  ];
  const normalise = (name) => ({
    id: `${name}.norm`,
    label: "Norm",
    title: "Norm",
    parts: NORM,
    first: "output",
    formula: "(_x_ − mean) / √(variance + 0.00001) × _γ_ + _β_",
    about:
      "Each row by itself is brought to mean 0 and variance 1, then scaled and moved by two " +
      "learned vectors. However large the stream has grown, what follows sees numbers of one size.",
  });
  const join = (name, what) => ({
    id: name,
    label: "+",
    title: `The stream takes in the ${what}`,
    parts: SUM,
    first: "output",
    formula: `_x_ + ${what}(norm(_x_))`,
    about:
      "What the sublayer found is added to what came in. Nothing is replaced: all that earlier " +
      "blocks wrote flows on.",
  });

  const sub = (block, i, name, label, about, formula, parts) => ({
    block: block.n,
    nodes: [
      normalise(`${block.id}.connections.${i}`),
      { id: `${block.id}.${name}`, label, title: label, parts, formula, about },
      join(`${block.id}.connections.${i}`, label.toLowerCase()),
    ],
  });
  const attend = (block, i, name, label, about) =>
    sub(
      block,
      i,
      name,
      label,
      rotary ? `${about} Queries and keys are turned by their places.` : about,
      softmax,
      heads,
    );
  const feed = (block, i) =>
    sub(
      block,
      i,
      "feed_forward",
      "Feed-forward",
      `Each token by itself: up to ${dFeed} numbers, negative ones become 0, and down to ${d} again. ` +
        "No token sees another here.",
      "max(0, _x_ _W_₁ + _b_₁) _W_₂ + _b_₂",
      [
        ["hidden", `the ${dFeed} inside`],
        ["output", "output"],
      ],
    );
  const blocks = (side) =>
    Array.from({ length: nLayers }, (_, i) => ({ id: `${side}.blocks.${i}`, n: i }));

  const encoder = [
    {
      nodes: start(
        "encoder",
        "English",
        nSource,
        "The sentence is cut into tokens, and each is looked " +
          "up in the vocabulary. From here on the model sees numbers alone; the last one says that the " +
          "sentence ends.",
      ),
    },
    ...blocks("encoder").flatMap((block) => [
      attend(
        block,
        0,
        "attention",
        "Self-attention",
        `Every English token asks all of them, in ${nHeads} ` +
          "heads side by side. A row of weights sums to 1; the values are mixed with these weights, and " +
          "so each row takes in what fits it.",
      ),
      feed(block, 1),
    ]),
    {
      last: true,
      nodes: [
        {
          ...normalise("encoder"),
          label: "Norm → memory",
          title: "The memory",
          about:
            "A last norm ends the encoder. These rows, one for each English token, are its memory: " +
            "all that the decoder sees of the sentence.",
        },
      ],
    },
  ];
  const decoder = [
    {
      nodes: start(
        "decoder",
        "French",
        nTarget,
        "What is written so far, after a sign that starts the " +
          "sentence. The decoder reads it and names the token that follows.",
      ),
    },
    ...blocks("decoder").flatMap((block) => [
      attend(
        block,
        0,
        "attention",
        "Self-attention",
        "Every French token asks itself and the tokens " +
          "before it; later ones do not exist yet. Only the last row is new at this step: keys and " +
          "values of the others wait in a cache.",
      ),
      attend(
        block,
        1,
        "cross_attention",
        "Cross-attention",
        "Here the two languages meet. The French " +
          "tokens ask (queries), the English memory answers (keys and values, computed once a sentence).",
      ),
      feed(block, 2),
    ]),
    {
      last: true,
      nodes: [
        { ...normalise("decoder"), title: "The last norm" },
        {
          id: "to_scores",
          label: "Scores",
          title: "Scores",
          parts: OUTPUT,
          formula: "_x_ _W_ + _b_",
          about:
            `A last matrix gives each row ${nTarget} scores, one for every token of the French ` +
            "vocabulary.",
        },
        {
          id: "probabilities",
          label: "Softmax",
          title: "Probabilities",
          parts: OUTPUT,
          formula: "softmax(scores)",
          about:
            "Scores become probabilities: positive, and in each row they sum to 1. Greedy search " +
            "writes the most probable token of the last row, reads it, and goes on to the next step.",
        },
      ],
    },
  ];
  return [
    { side: "encoder", title: "Encoder", does: "reads the English", rows: encoder },
    { side: "decoder", title: "Decoder", does: "writes the French", rows: decoder },
  ];
}

// A shape in words.
const NUMBERS = { to_scores: ["score", "scores"], probabilities: ["probability", "probabilities"] };
export function inWords(shape, part, id) {
  const of = (n, one, many = `${one}s`) => `${n} ${n === 1 ? one : many}`;
  const tokens = of(shape.at(-2) ?? shape[0], "token");
  if (shape.length === 1) return tokens;
  if (part === "weights") {
    return (
      `${of(shape[0], "head")}, each ${tokens} that ${shape[1] === 1 ? "asks" : "ask"} × ` +
      `${of(shape[2], "token")} looked at`
    );
  }
  const heads = shape.length === 3 ? `${of(shape[0], "head")}, ` : "";
  return `${heads}${tokens}, ${of(shape.at(-1), ...(NUMBERS[id] ?? ["number"]))} each`;
}

// What is worth knowing of the numbers in a block, in a sentence; "" where nothing is.
export function remark(id, get) {
  const rowsOf = (part) => {
    const {
      shape: [n, width],
      data,
    } = get(part);
    return Array.from({ length: n }, (_, r) => data.subarray(r * width, (r + 1) * width));
  };
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const round = (value) => value.toFixed(value < 10 ? 2 : 1);
  if (id.endsWith("norm")) {
    const spread = (row) => Math.sqrt(mean(row.map((x) => (x - mean(row)) ** 2)));
    const [before, after] = ["input", "output"].map((part) => mean(rowsOf(part).map(spread)));
    return `Standard deviation of a row: ${round(before)} before, ${round(after)} after, on average.`;
  }
  if (id.endsWith("feed_forward")) {
    const { data } = get("hidden");
    return `${Math.round((100 * data.filter((x) => x === 0).length) / data.length)} % of the numbers inside are 0.`;
  }
  if (/connections\.\d+$/.test(id)) {
    const [came, added, goes] = ["input", "added", "output"].map((part) =>
      mean(rowsOf(part).map((row) => Math.hypot(...row))),
    );
    return (
      `Length of a row, on average: ${round(came)} came in, ${round(added)} is added, ` +
      `${round(goes)} goes on.`
    );
  }
  if (id.endsWith("attention")) {
    const {
      shape: [heads, queries, keys],
      data,
    } = get("weights");
    const line = (i) => data.subarray(i * keys, (i + 1) * keys);
    const sharp = Array.from({ length: heads }, (_, head) =>
      mean(Array.from({ length: queries }, (_, q) => Math.max(...line(head * queries + q)))),
    );
    const best = sharp.indexOf(Math.max(...sharp));
    return `Sharpest is head ${best}: its largest weight in a row is ${sharp[best].toFixed(2)} on average.`;
  }
  return "";
}
