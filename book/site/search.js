// The search of the book. Sphinx's own finds pages, and quotes them by fetching each; this one finds
// sections and terms in `excerpts.js`, quotes the words around what was found, and needs no server.
// It takes the place of Sphinx's `Search.query`; the form and the index of pages stay Sphinx's.
(() => {
  const SHOWN = 20; // results at once
  const BEFORE = 90; // characters of an excerpt before the first word that was found …
  const LENGTH = 260; // … and in all
  const WORD = /[\p{L}\p{N}_]+/gu;

  const fold = (word) => word.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  const stemmer = new Stemmer();
  const stems = new Map(); // stemming is slow, and a book says the same words again and again
  const stem = (word) => {
    if (!stems.has(word)) stems.set(word, stemmer.stemWord(word));
    return stems.get(word);
  };
  const wordsOf = (text) =>
    [...text.matchAll(WORD)].map(({ 0: word, index }) => {
      const folded = fold(word);
      return { folded, from: index, to: index + word.length };
    });

  // What the reader asks for: each word once, without "the" and "of" unless there is nothing else.
  function asked(query) {
    const words = new Map(wordsOf(query).map(({ folded }) => [stem(folded), folded])).values();
    const every = [...words];
    const telling = every.filter((word) => !stopwords.includes(word));
    return telling.length ? telling : every;
  }

  // How a word of the book is met by a word of the query, from the nearest way to the widest.
  const WAYS = [
    (wanted, word) => word === wanted || stem(word) === stem(wanted),
    (wanted, word) => wanted.length > 2 && word.startsWith(wanted),
    (wanted, word) => wanted.length > 2 && word.includes(wanted),
  ];

  // Every section and term that has all the words, in its heading or its text; the best come first.
  function find(query, meets) {
    const wanted = asked(query);
    const whole = fold(query).trim();
    const found = [];
    for (const [docname, title, number, places] of window.qkvExcerpts) {
      for (const [anchor, heading, text, term] of places) {
        const place = { docname, title, number, anchor, heading, text, term };
        const [head, body] = [wordsOf(heading), wordsOf(text)].map((words) =>
          words
            .map((word) => ({
              ...word,
              of: wanted.findIndex((w) => meets(w, word.folded)),
            }))
            .filter(({ of }) => of >= 0),
        );
        const all = [...head, ...body];
        if (all.length && wanted.every((w) => all.some(({ folded }) => meets(w, folded)))) {
          found.push({ ...place, head, body, score: worth(place, whole, wanted, head, body) });
        }
      }
    }
    return found.sort((a, b) => b.score - a.score); // equals stay in the order of the book
  }

  // A heading counts most, above all one that is the query; then its words side by side.
  function worth({ heading, text, term }, whole, wanted, head, body) {
    const named = new Set(head.map(({ of }) => of)).size;
    let score = (20 * named) / wanted.length + Math.min(body.length, 8);
    if (fold(heading) === whole) score += term ? 80 : 60;
    else if (named === wanted.length) score += term ? 15 : 20;
    if (wanted.length > 1 && fold(text).includes(whole)) score += 15;
    return score;
  }

  // Pages that hold every word, by Sphinx's index, and in no section all of them: the words stand
  // apart, or in code.
  function elsewhere(query, found) {
    const seen = new Set(found.map(({ docname }) => docname));
    const { terms, docnames } = Search._index;
    const wanted = asked(query);
    if (!wanted.length) return [];
    const lists = wanted.map((word) => [Object.hasOwn(terms, stem(word)) ? terms[stem(word)] : []]);
    const holding = lists.map((list) => new Set(list.flat().map((place) => docnames[place])));
    return window.qkvExcerpts
      .filter(([docname]) => !seen.has(docname) && holding.every((pages) => pages.has(docname)))
      .map(([docname, title, number, places]) => {
        const said = places.flatMap((place) => wordsOf(`${place[1]} ${place[2]}`));
        const inText = wanted.every((w) => said.some(({ folded }) => WAYS[0](w, folded)));
        const text = inText
          ? "The words stand in different sections of this page."
          : "Found in the code or the outputs of this page.";
        return { docname, title, number, anchor: "", heading: title, text, head: [], body: [] };
      });
  }

  function element(tag, attributes, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    made.append(...children);
    return made;
  }

  // The text from `start` to `end` with what was found in it marked.
  function marked(text, hits, start, end) {
    const parts = [];
    let at = start;
    for (const { from, to } of hits) {
      if (from < at || to > end) continue;
      parts.push(text.slice(at, from), element("mark", {}, text.slice(from, to)));
      at = to;
    }
    return [...parts, text.slice(at, end)];
  }

  // The stretch of a text that shows most of what was found, from a word's beginning to a word's end.
  function excerpt({ text, body }) {
    const reach = ({ from }) => {
      const near = body.filter((hit) => hit.from >= from && hit.to <= from + LENGTH - BEFORE);
      return new Set(near.map(({ of }) => of)).size * 100 + near.length;
    };
    const best = body.reduce((a, b) => (a && reach(a) >= reach(b) ? a : b), null);
    let start = Math.max(0, Math.min((best?.from ?? 0) - BEFORE, text.length - LENGTH));
    if (start > 0) start = text.indexOf(" ", start) + 1;
    let end = Math.min(text.length, start + LENGTH);
    if (end < text.length) end = Math.max(text.lastIndexOf(" ", end), best?.to ?? 0);
    const words = marked(text, body, start, end);
    return [start > 0 ? "… " : "", ...words, end < text.length ? " …" : ""];
  }

  function result(place) {
    const { docname, number, title, anchor, heading, head } = place;
    const link = element("a", {
      href: `${docname}${DOCUMENTATION_OPTIONS.LINK_SUFFIX}${anchor && `#${anchor}`}`,
    });
    const mark = number && `${number} `;
    if (anchor) link.append(element("span", { class: "qkv-found-page" }, `${mark}${title}`), " › ");
    else link.append(mark);
    link.append(...marked(heading, head, 0, heading.length));
    const item = element("li", {}, link);
    if (place.text) item.append(element("p", { class: "context" }, ...excerpt(place)));
    return item;
  }

  // One sentence with a way on, where nothing was found.
  function nothing(query) {
    const glossary = window.qkvExcerpts.find(([, , , places]) => places.some((place) => place[3]));
    const said = `The book says nothing of “${query}”: try another word for it`;
    if (!glossary) return [`${said}.`];
    const href = `${glossary[0]}${DOCUMENTATION_OPTIONS.LINK_SUFFIX}`;
    return [`${said}, or look through the `, element("a", { href }, "glossary"), "."];
  }

  function count(found) {
    const pages = new Set(found.map(({ docname }) => docname)).size;
    const places = found.length === 1 ? "1 place" : `${found.length} places`;
    return `${places} on ${pages === 1 ? "1 page" : `${pages} pages`}`;
  }

  // Show results from number `first` on, and a button for those after them.
  function show(list, found, first = 0) {
    const items = found.slice(first, first + SHOWN).map(result);
    list.append(...items);
    if (first) items[0].querySelector("a").focus();
    const left = found.length - first - items.length;
    if (!left) return;
    const more = element("button", { type: "button", class: "qkv-button" }, `Show more (${left})`);
    list.after(more);
    more.addEventListener("click", () => {
      more.remove();
      show(list, found, first + SHOWN);
    });
  }

  Search.query = (query) => {
    let found = [];
    for (const meets of WAYS) {
      if (!found.length) found = find(query, meets);
      if (meets === WAYS[0]) found.push(...elsewhere(query, found));
    }
    Search.stopPulse();
    Search.title.textContent = "Search results";
    Search.status.setAttribute("role", "status");
    Search.status.setAttribute("aria-live", "polite"); // what "status" means, for old readers
    // Said a moment later: a region that comes with its words is not read out.
    const said = found.length ? [count(found)] : nothing(query.trim());
    setTimeout(() => Search.status.replaceChildren(...said), 50);
    show(Search.output, found);
  };
})();
