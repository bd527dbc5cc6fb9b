// The order in which a reader sees the options of a question: another one for each visit, so that
// no place is the likely one, and the same one throughout a visit, through reloads too.

const KEY = "qkv-visit";
const fresh = () => String(Math.floor(Math.random() * 2 ** 32));
let visit = null;

// A browser may refuse storage; then a visit is as long as the page stays.
function seed() {
  visit ??= fresh();
  try {
    visit = sessionStorage.getItem(KEY) ?? visit;
    sessionStorage.setItem(KEY, visit);
  } catch {
    // What this page drew holds.
  }
  return visit;
}

// The numbers 0 … count - 1 in the order of this visit, for what is named by `name`.
export function shuffled(count, name) {
  let state = 2166136261;
  for (const letter of `${seed()}/${name}`) {
    state = Math.imul(state ^ letter.codePointAt(0), 16777619);
  }
  const random = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const order = [...Array(count).keys()];
  for (let last = count - 1; last > 0; last -= 1) {
    const other = Math.floor(random() * (last + 1));
    [order[last], order[other]] = [order[other], order[last]];
  }
  return order;
}
