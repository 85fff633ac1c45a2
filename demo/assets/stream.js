// Answers of events come by one stream, which Gradio's server ends when no event is pending. If the page asks for
// another event in that moment, it takes the stream for an open one and opens no other, and the answer is never read.
// This script keeps the news of such an end to itself and goes on with a new stream.
(() => {
  const ask = window.fetch.bind(window), waiting = new Set(), early = new Set();

  window.fetch = async (...request) => {
    const url = String(request[0]?.url ?? request[0]);
    const response = await ask(...request);
    if (!response.ok) return response;
    if (url.includes("/queue/data?") && response.body) return lasting(response, request);
    if (url.includes("/queue/join?")) {
      const { event_id: id } = await response.clone().json();
      if (!early.delete(id)) waiting.add(id);
    }
    return response;
  };

  function lasting(response, request) {
    const encoder = new TextEncoder();
    const stop = new AbortController();
    const body = new ReadableStream({
      async start(out) {
        try {
          for (let next = response; next; ) {
            const goesOn = await messages(next, stop.signal, (text) => out.enqueue(encoder.encode(text)));
            next = goesOn ? await ask(...request) : null;
            if (next && !next.ok) throw new TypeError(`the stream of answers ended with ${next.status}`);
          }
          out.close();
        } catch (error) {
          if (!stop.signal.aborted) out.error(error);
        }
      },
      cancel() { stop.abort(); },
    });
    return new Response(body, { status: response.status, headers: response.headers });
  }

  // Hands on each whole message; true where the stream must go on.
  async function messages(response, signal, handOn) {
    const reader = response.body.getReader(), decoder = new TextDecoder();
    signal.addEventListener("abort", () => reader.cancel().catch(() => {}));
    let rest = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return false;
      const found = (rest + decoder.decode(value, { stream: true })).split("\n\n");
      rest = found.pop();
      for (const message of found) {
        if (isEnd(message) && waiting.size) return true;
        handOn(`${message}\n\n`);
      }
    }
  }

  function isEnd(message) {
    if (!message.startsWith("data:")) return false;
    const { msg, event_id: id } = JSON.parse(message.slice(5));
    if (msg === "process_completed" && !waiting.delete(id)) early.add(id);
    return msg === "close_stream";
  }
})();
