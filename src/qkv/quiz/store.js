// The reader's answers, kept in this browser and nowhere else:
// {"01_encodings/one-hot-distance": {"right": true, "tries": 2, "when": "2025-01-31T…"}}.
// A browser may refuse storage (a private window, some file pages); the quiz then just forgets.

const KEY = "qkv-quiz";

export function answers() {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) ?? "{}");
    return kept && typeof kept === "object" && !Array.isArray(kept) ? kept : {};
  } catch {
    return {};
  }
}

// Count one more try; what was right once stays right. Returns the entry.
export function record(question, right) {
  const all = answers();
  const before = all[question];
  all[question] = {
    right: right || Boolean(before?.right),
    tries: (Number(before?.tries) || 0) + 1,
    when: new Date().toISOString(),
  };
  keep(all);
  return all[question];
}

// Forget the answers whose keys start with `prefix` ("" forgets all).
export function forget(prefix) {
  keep(Object.fromEntries(Object.entries(answers()).filter(([key]) => !key.startsWith(prefix))));
}

export function canKeep() {
  try {
    if (localStorage.forgetful) return false; // the page lent itself a memory that ends with it
    localStorage.setItem(`${KEY}-probe`, "1");
    localStorage.removeItem(`${KEY}-probe`);
    return true;
  } catch {
    return false;
  }
}

function keep(all) {
  try {
    localStorage.setItem(KEY, JSON.stringify(all));
  } catch {
    // Nothing to do: the answer on the page is what matters.
  }
}
