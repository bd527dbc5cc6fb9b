// Rules of choosing the next token, as in the chapter: from scores to scores.
import { softmax } from "../../live/js/tensors.js";

const cut = (scores, keep) => scores.map((score, i) => (keep(i) ? score : -Infinity));

export const temper = (scores, t) => scores.map((score) => score / t);

// The k best; of equal ones, all.
export function topK(scores, k) {
  if (k >= scores.length) return scores;
  const least = Float32Array.from(scores).sort()[scores.length - k];
  return cut(scores, (i) => scores[i] >= least);
}

// The fewest best that have the share p together.
export function nucleus(scores, p) {
  const shares = softmax(scores);
  const order = [...shares.keys()].sort((a, b) => shares[b] - shares[a] || a - b);
  const kept = new Set();
  let before = 0;
  for (const i of order) {
    if (before >= p) break;
    kept.add(i);
    before += shares[i];
  }
  return cut(scores, (i) => kept.has(i));
}

// Those with at least a share of the best one's probability.
export function minP(scores, share) {
  const shares = softmax(scores);
  const least = share * Math.max(...shares);
  return cut(scores, (i) => shares[i] >= least);
}

// All of them, in the order in which the controls stand.
export const ruled = (scores, { temperature, k, p, least }) =>
  minP(nucleus(topK(temper(scores, temperature), k), p), least);

// A number from 0 to 1 that hangs on the seed and the place alone, so that a text can be had again.
export function lot(seed, place) {
  let a = (Math.imul(seed + 1, 0x9e3779b1) ^ Math.imul(place + 1, 0x85ebca6b)) >>> 0;
  a = Math.imul(a ^ (a >>> 15), a | 1);
  a ^= a + Math.imul(a ^ (a >>> 7), a | 61);
  return ((a ^ (a >>> 14)) >>> 0) / 4294967296;
}

// The token that a number from 0 to 1 falls on.
export function drawn(probabilities, u) {
  let [sum, last] = [0, 0];
  for (let i = 0; i < probabilities.length; i += 1) {
    if (!probabilities[i]) continue;
    sum += probabilities[i];
    last = i;
    if (u < sum) break;
  }
  return last;
}
