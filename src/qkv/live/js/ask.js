// What figures share that read the reader's own sentence.

// A sentence to tokens, as `tokenize` in qkv.data.phrases: Python's \w spelt out for JavaScript.
export const tokenise = (text) =>
  text.toLowerCase().replaceAll("’", "'").match(/[\p{L}\p{N}_-]+'?|\?/gu) ?? [];
