// Brings the live figures of a page to life from the state stored for it: no kernel, no other host.
// A figure starts when the reader comes near; then the scripts that it needs are asked for, each
// once for the page, and its state where that is too large to stand in the page. All are classic
// scripts, because a page opened from a file may neither import by address nor fetch.
(() => {
  const needs = /* NEEDS */ {};
  const here = document.currentScript.src || document.baseURI;
  const makers = {};
  const modules = {};
  const states = {};
  const asked = {};

  globalThis.qkv = {
    define(name, make) {
      makers[name] = make;
    },
    state(name, state) {
      states[name] = state;
    },
  };

  const ask = (file) =>
    (asked[file] ??= new Promise((done, fail) => {
      const script = document.createElement("script");
      script.src = new URL(file, here);
      script.fetchPriority = "high"; // it is near, so the reader will see it next
      script.onload = done;
      script.onerror = () => fail(new Error(`${file} could not be loaded`));
      document.head.append(script);
    }));

  const make = async (name) => {
    if (!needs[name]) throw new Error(`there is no live module ${name}`);
    const needed = Promise.all(needs[name].map(load));
    if (!makers[name]) await Promise.all([needed, ask(`qkv/${name}.js?v=/* VERSION */`)]);
    if (!makers[name]) throw new Error(`the script ${name}.js is broken`);
    return makers[name](...(await needed));
  };
  const load = (name) => (modules[name] ??= make(name));

  const stateOf = async (host) => {
    const name = host.dataset.state;
    if (!name) {
      return JSON.parse(host.querySelector('script[type="application/json"]').textContent);
    }
    await ask(`figures/${name}.js`);
    return structuredClone(states[name]);
  };

  const modelOf = (state) => {
    const heard = {};
    const tell = (event, ...news) => (heard[event] ?? []).slice().forEach((hear) => hear(...news));
    const model = {
      kernel: false,
      get: (key) => state[key],
      set(key, value) {
        if (state[key] === value) return;
        state[key] = value;
        tell(`change:${key}`, model, value);
        tell("change", model);
      },
      on: (event, hear) => void (heard[event] ??= []).push(hear),
      off: (event, hear) =>
        void (heard[event] = hear ? (heard[event] ?? []).filter((h) => h !== hear) : []),
      save_changes() {},
      send() {},
    };
    return model;
  };

  const start = async (host) => {
    const stage = document.createElement("div");
    stage.className = "qkv-stage";
    host.append(stage);
    try {
      const [state, { default: module }] = await Promise.all([
        stateOf(host),
        load(host.dataset.module),
      ]);
      await module.render({ model: modelOf(state), el: stage });
      host.classList.add("qkv-ready");
    } catch (error) {
      stage.className = "qkv-failed";
      stage.setAttribute("role", "status");
      stage.textContent = `This live figure could not start (${error.message}).`;
      if (host.querySelector(".qkv-still"))
        stage.textContent += " The picture shows how it begins.";
      console.error(error);
    }
  };

  const begun = new Map(); // host -> a promise that it is ready, or has failed
  const near = new IntersectionObserver(
    (seen) => {
      for (const { target } of seen.filter((entry) => entry.isIntersecting)) {
        near.unobserve(target);
        begun.set(target, start(target));
      }
    },
    { rootMargin: "150% 0px" },
  );
  const watch = () => {
    for (const host of document.querySelectorAll(".qkv-live[data-module]")) {
      if (!known.has(host)) near.observe(host);
      known.add(host);
    }
  };
  const known = new WeakSet();
  document.addEventListener("readystatechange", watch);
  watch();

  // To typeset a chapter holds a phone up for seconds: figures that the reader is looking at go
  // first, but for no longer than that.
  const inView = ([host]) => {
    const { top, bottom } = host.getBoundingClientRect();
    return bottom > 0 && top < innerHeight;
  };
  const patience = () => new Promise((done) => setTimeout(done, 3000));
  const config = globalThis.MathJax;
  if (config && !config.version) {
    config.startup = {
      ...config.startup,
      async pageReady() {
        const figures = [...begun].filter(inView).map(([, ready]) => ready);
        await Promise.race([Promise.all(figures), patience()]);
        return globalThis.MathJax.startup.defaultPageReady();
      },
    };
  }
})();
