// Answers of events come by one stream, which Gradio's server ends when no event is pending. If the page asks for
// another event in that moment, it takes the stream for an open one and opens no other, and the answer is never read.
// So the page is not told of such an end: for it the stream is open for good. This script opens a new one below it when
// an event is asked, and holds no connection while nothing is pending.
(() => {
  const ask = window.fetch.bind(window), pending = new Set(), early = new Set();
  let wake = () => {}, joining = 0;

  /* How many events have no answer yet. */
  window.phUnanswered = () => joining + pending.size;

  window.fetch = async (...request) => {
    const url = String(request[0]?.url ?? request[0]);
    if (url.includes("/queue/join?")) return joined(request);
    const response = await ask(...request);
    return response.ok && url.includes("/queue/data?") && response.body ? lasting(response, request) : response;
  };

  async function joined(request) {
    joining += 1;
    try {
      const response = await ask(...request);
      if (response.ok) {
        const { event_id: id } = await response.clone().json();
        if (!early.delete(id)) {
          pending.add(id);
          wake();
        }
      }
      return response;
    } finally {
      joining -= 1;
    }
  }

  function lasting(first, request) {
    const encoder = new TextEncoder(), stop = new AbortController();
    const body = new ReadableStream({
      async start(out) {
        try {
          for (let response = first; ; response = await ask(...request)) {
            if (!response.ok) throw new TypeError(`the stream of answers ended with ${response.status}`);
            const goesOn = await messages(response, stop.signal, (text) => out.enqueue(encoder.encode(text)));
            if (!goesOn) break;
            if (!pending.size) await new Promise((resolve) => { wake = resolve; });
          }
          out.close();
        } catch (error) {
          if (!stop.signal.aborted) out.error(error);
        }
      },
      cancel() { stop.abort(); },
    });
    return new Response(body, { status: first.status, headers: first.headers });
  }

  // Hands on each whole message; true where the server has ended the stream because nothing is pending.
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
        if (isEnd(message)) return true;
        handOn(`${message}\n\n`);
      }
    }
  }

  function isEnd(message) {
    if (!message.startsWith("data:")) return false;
    const { msg, event_id: id } = JSON.parse(message.slice(5));
    if (msg === "process_completed" && !pending.delete(id)) early.add(id);
    return msg === "close_stream";
  }
})();
