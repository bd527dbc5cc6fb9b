// Brings the live figures of a page to life from the state stored in it: no kernel, no other host.
// A classic script, because a page opened from a file may not import modules by address.
(() => {
  const sources = /* SOURCES */ {};
  const urls = {};

  const load = (name) => {
    urls[name] ??= URL.createObjectURL(new Blob([sources[name]], { type: "text/javascript" }));
    return import(urls[name]);
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
      const state = JSON.parse(host.querySelector('script[type="application/json"]').textContent);
      const { default: module } = await load(host.dataset.module);
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

  const startAll = () => document.querySelectorAll(".qkv-live[data-module]").forEach(start);
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", startAll);
  else startAll();
})();
