/* Counts what the page asks of the server and has no answer to yet: requests, and events whose answers come by stream. */
(() => {
  const ask = window.fetch, waiting = new Set(), done = new Set();
  let open = 0;
  window.unanswered = () => [...Array(open).fill("request"), ...waiting];

  function answered(line) {
    if (!line.startsWith("data:") || !line.includes('"process_completed"')) return;
    const { msg, event_id: id } = JSON.parse(line.slice(5));
    if (msg !== "process_completed") return;
    done.add(id);
    waiting.delete(id);
  }
  function read(response) {
    const decoder = new TextDecoder();
    let rest = "";
    const body = response.body.pipeThrough(new TransformStream({
      transform(chunk, out) {
        const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
        rest = lines.pop();
        out.enqueue(chunk);
        lines.forEach(answered);
      },
    }));
    return new Response(body, { status: response.status, headers: response.headers });
  }

  window.fetch = async (...what) => {
    const url = String(what[0]?.url ?? what[0]);
    if (url.includes("/heartbeat/")) return ask(...what);
    if (url.includes("/queue/data")) return read(await ask(...what));
    open += 1;
    try {
      const response = await ask(...what);
      if (url.includes("/queue/join") && response.ok) {
        const { event_id: id } = await response.clone().json();
        if (!done.has(id)) waiting.add(id);
      }
      return response;
    } finally {
      open -= 1;
    }
  };
})();
