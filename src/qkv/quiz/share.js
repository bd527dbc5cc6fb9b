// The reader's answers as a file for the class: which questions, right or not, after how many tries.
// It holds no name and no time, only a number drawn for this file, so that a file that arrives twice
// counts once and two readers with the same answers count twice. It leaves this browser only by the
// reader's own hand.

// What the file holds. `chapters` are those of the book: what else lies in this browser stays there.
export function shared(chapters, kept) {
  const answers = {};
  for (const { name, questions } of chapters) {
    for (const { id } of questions) {
      const entry = kept[`${name}/${id}`];
      if (!entry) continue;
      answers[`${name}/${id}`] = {
        right: Boolean(entry.right),
        tries: Math.min(Math.max(Math.round(Number(entry.tries)) || 1, 1), 999),
      };
    }
  }
  const drawn = [...crypto.getRandomValues(new Uint32Array(2))];
  const file = drawn.map((part) => part.toString(16).padStart(8, "0")).join("");
  return { format: "qkv-progress", version: 1, file, answers };
}

// Let the browser save an object as a JSON file.
export function save(content, name) {
  const blob = new Blob([`${JSON.stringify(content, null, 1)}\n`], { type: "application/json" });
  const address = URL.createObjectURL(blob);
  const link = Object.assign(document.createElement("a"), { href: address, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  // The browser reads the address after the click is over.
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
