// The pixel transformer of chapter 10: a class, then pixels, each from those before it.
import { causalStack, draw, gridPlaces, meanOfHeads } from "../../live/js/causal.js";
import { add, linear, readTensors, softmax } from "../../live/js/tensors.js";

// The model of a figure's state: `scores(label, pixels)`, `beliefs(pixels)` and `go(label, pixels)`.
export function pixelModel({ shapes, weights, n_heads: nHeads, n_greys: nGreys }) {
  const w = readTensors(weights, shapes);
  const d = Object.fromEntries(shapes)["norm.weight"][0];
  const places = gridPlaces(w["places.rows"], w["places.columns"], d);
  const stack = causalStack(w, { d, nHeads });
  const nLabels = w["tokens.weight"].length / d - nGreys;

  // Reads a token for the place `at` and says what it makes of that place.
  const read = (token, at, cache) => {
    const x = add(w["tokens.weight"].subarray(token * d, (token + 1) * d), places[at]);
    const { hidden, cache: longer, weights: looks } = stack.step(x, cache);
    return {
      scores: linear(hidden, w["to_scores.weight"], w["to_scores.bias"], d),
      looks: meanOfHeads(looks.at(-1), nHeads), // the class first, then the pixels
      cache: longer,
    };
  };

  // All steps from the class to the place after the given pixels (or the last one).
  const steps = (label, pixels) => {
    const found = [read(nGreys + label, 0, [])];
    for (let at = 1; at <= Math.min(pixels.length, places.length - 1); at += 1) {
      found.push(read(pixels[at - 1], at, found.at(-1).cache));
    }
    return found;
  };
  const scores = (label, pixels) => steps(label, pixels).map((step) => step.scores);

  // How probable each class is given the first pixels, by Bayes' rule.
  const beliefs = (pixels) => {
    const surprise = Float32Array.from({ length: nLabels }, (_, label) => {
      let sum = 0;
      steps(label, pixels.slice(0, -1)).forEach((step, at) => {
        if (at < pixels.length) sum += Math.log(softmax(step.scores)[pixels[at]] + 1e-30);
      });
      return sum;
    });
    return softmax(surprise);
  };

  // Goes on after the first pixels, pixel by pixel: `next(temperature, chance)` draws one and says
  // { at, grey, probabilities, looks }, or null after the last; `ahead(temperature)` says
  // { at, probabilities, looks } of the pixel to come, or null.
  const go = (label, pixels) => {
    let at = pixels.length;
    let step = at < places.length ? steps(label, pixels).at(-1) : null;
    const ahead = (temperature) => {
      if (!step) return null;
      const probabilities = softmax(step.scores.map((score) => score / temperature));
      return { at, probabilities, looks: step.looks };
    };
    const next = (temperature, chance) => {
      if (!step) return null;
      const thought = ahead(temperature);
      const grey = draw(thought.probabilities, chance);
      const drawn = { ...thought, grey };
      at += 1;
      step = at < places.length ? read(grey, at, step.cache) : null;
      return drawn;
    };
    return { next, ahead };
  };
  return { scores, beliefs, go, nLabels, nPixels: places.length };
}
